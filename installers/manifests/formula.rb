# The program is one static file; nothing is built. Git is told by `git credential-bitbucket-sso setup`.
class GitCredentialBitbucketSso < Formula
  desc "Git clone from Bitbucket with a Microsoft Entra ID sign-in"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]
@PLATFORMS@

  def install
    bin.install "git-credential-bitbucket-sso"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/bash" => "git-credential-bitbucket-sso"
    zsh_completion.install "completions/zsh" => "_git-credential-bitbucket-sso"
    fish_completion.install "completions/fish" => "git-credential-bitbucket-sso.fish"
    doc.install "docs", "examples", "LICENSE-THIRD-PARTY"
  end

  def caveats
    <<~TEXT
      Tell git, with the configuration of your organisation:
        git credential-bitbucket-sso setup --from organisation.toml
    TEXT
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/git-credential-bitbucket-sso --version")
  end
end
