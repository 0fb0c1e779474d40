# shellcheck shell=bash disable=SC2153,SC2154
# What package managers of others read: where a file is, and its hash.

needs_url() {
  [ -n "$BASE_URL" ] || cannot "it names the address of the release: give --base-url"
}

url() { # FILE
  printf '%s/v%s/%s' "$BASE_URL" "$VERSION" "$1"
}

hash() { # FILE
  sha256sum <"$RELEASE/$1" | cut -d ' ' -f 1
}

formula() {
  needs_url
  local platforms=$WORK/platforms
  {
    platform macos arm aarch64-apple-darwin
    platform macos intel x86_64-apple-darwin
    platform linux arm aarch64-unknown-linux-musl
    platform linux intel x86_64-unknown-linux-musl
  } >"$platforms"
  [ -s "$platforms" ] || cannot "there is no .tar.gz to name"
  sed -e "s|@HOMEPAGE@|$HOMEPAGE|" -e "s|@VERSION@|$VERSION|" -e "/^@PLATFORMS@$/{
    r $platforms
    d
  }" "$ROOT/installers/manifests/formula.rb" >"$RELEASE/$NAME.rb"
}

platform() { # SYSTEM PROCESSOR TARGET
  local file=$NAME-$VERSION-$3.tar.gz
  [ -e "$RELEASE/$file" ] || return 0
  printf '\n  on_%s do\n    on_%s do\n      url "%s"\n      sha256 "%s"\n    end\n  end\n' "$1" "$2" "$(url "$file")" \
    "$(hash "$file")"
}

scoop() {
  needs_url
  need jq "apt install jq"
  local name=$NAME-$VERSION-x86_64-pc-windows-gnu
  [ -e "$RELEASE/$name.zip" ] || cannot "there is no .zip to name"
  jq -n --arg version "$VERSION" --arg homepage "$HOMEPAGE" --arg url "$(url "$name.zip")" \
    --arg hash "$(hash "$name.zip")" --arg folder "$name" --arg base "$BASE_URL" \
    -f "$ROOT/installers/manifests/scoop.jq" >"$RELEASE/$NAME.json"
}

winget() {
  needs_url
  local target=x86_64-pc-windows-gnu id=BitbucketSso.GitCredentialBitbucketSso file
  file=$(msi_name "$target")
  [ -e "$RELEASE/$file" ] || cannot "there is no .msi to name"
  for part in version installer locale.en-US; do
    sed -e "s|@ID@|$id|" -e "s|@VERSION@|$VERSION|" -e "s|@PUBLISHER@|${MAINTAINER%% <*}|" \
      -e "s|@HOMEPAGE@|$HOMEPAGE|" -e "s|@URL@|$(url "$file")|" -e "s|@SHA256@|$(hash "$file" | tr a-f A-F)|" \
      -e "s|@PRODUCT@|$(product_code "$target")|" -e "s|@UPGRADE@|$(upgrade_code "$target")|" \
      -e "s|@DATE@|$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)|" \
      "$ROOT/installers/manifests/winget.$part.yaml" >"$RELEASE/$id.${part/version/}.yaml"
  done
  mv "$RELEASE/$id..yaml" "$RELEASE/$id.yaml"
}
