#!/usr/bin/env bash
# Takes the pictures and captures of docs/sign-in.md again: the pages of the loopback in headless Chromium, light and
# dark, in three languages, and a real terminal in tmux. Look at `git diff docs/` afterwards.
set -euo pipefail
cd "$(dirname "$0")/../.."

PACKAGES="chromium tmux fonts-noto-core fonts-noto-cjk pngquant optipng procps"

main() {
  packages
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  mkdir "$dir/html" "$dir/text"
  BITBUCKET_SSO_TEST_PAGES=$dir/html cargo nextest run --locked --run-ignored only -E 'test(written_for_a_camera)'
  BITBUCKET_SSO_TEST_CAPTURES=$dir/text cargo nextest run --locked --run-ignored only -E 'test(a_terminal_is_captured)'
  mkdir -p docs/pages docs/captures
  cp "$dir"/text/*.txt docs/captures/
  captures
  picture done.en light; picture done.en dark; picture done.de light; picture done.ja light; picture done.ja dark
  picture failed.en light; picture failed.en dark; picture failed-cancelled.en light
  picture failed-declined.en light; picture failed-declined.ja dark
  picture confirm.en light; picture confirm.en dark; picture confirm.ja light
  picture onward.en light; picture back_to_terminal.en dark
  du -cb docs/pages/*.png | tail -1
}

# The captures stand in docs/sign-in.md between marks.
captures() {
  for file in docs/captures/*.txt; do
    name=$(basename "$file" .txt)
    awk -v name="$name" -v file="$file" '
      $0 == "<!-- " name " -->" { print; print "```console"; while ((getline line < file) > 0) print line; print "```"; inside = 1; next }
      inside && $0 == "<!-- end -->" { inside = 0 }
      !inside { print }
    ' docs/sign-in.md > "$dir/sign-in.md"
    cp "$dir/sign-in.md" docs/sign-in.md
  done
}

packages() {
  missing=
  for package in $PACKAGES; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  apt-get -qq update
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

# picture PAGE light|dark
picture() {
  scheme=1
  [ "$2" = light ] || scheme=0
  to=docs/pages/$1.$2.png
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$dir/profile" \
    --blink-settings=preferredColorScheme=$scheme --window-size=560,520 --virtual-time-budget=1000 \
    --screenshot="$dir/shot.png" "file://$dir/html/$1.html" >/dev/null 2>&1
  pngquant --force --speed 1 --strip 24 --output "$to" "$dir/shot.png"
  optipng -quiet -o2 "$to"
}

main "$@"
