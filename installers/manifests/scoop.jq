{
  version: $version,
  description: "git clone from Bitbucket with a Microsoft Entra ID sign-in",
  homepage: $homepage,
  license: "MIT|Apache-2.0",
  architecture: {"64bit": {url: $url, hash: $hash, extract_dir: $folder}},
  bin: "git-credential-bitbucket-sso.exe",
  notes: "Tell git, with the configuration of your organisation: git credential-bitbucket-sso setup --from organisation.toml",
  checkver: {url: "\($base)/latest", regex: "([\\d.]+)"},
  autoupdate: {
    architecture: {
      "64bit": {
        url: "\($base)/v$version/git-credential-bitbucket-sso-$version-x86_64-pc-windows-gnu.zip",
        extract_dir: "git-credential-bitbucket-sso-$version-x86_64-pc-windows-gnu"
      }
    },
    hash: {url: "$baseurl/SHA256SUMS"}
  }
}
