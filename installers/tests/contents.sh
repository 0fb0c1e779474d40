#!/usr/bin/env bash
# The quick check of the packages: what they hold and who owns it, from the debug build, without a network and without
# installing anything. installers/tests/packages.sh installs them.
set -euo pipefail
cd "$(dirname "$0")/../.."
NAME=git-credential-bitbucket-sso
TARGET=x86_64-unknown-linux-musl
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

main() {
  release first
  VERSION=$(cat "$WORK/first/latest")
  FILES=$WORK/first/v$VERSION
  nothing_failed
  each_holds_what_it_should
  every_command_has_its_page
  everything_belongs_to_root
  the_signature_covers_every_file
  no_marker_is_left
  twice_is_the_same
  echo "packages: contents, owners, sums, signature and a second build are as they should be"
}

# The debug build stands for the static one: only the packing is looked at here.
release() { # DIRECTORY
  local debug=${CARGO_TARGET_DIR:-target}/debug/$NAME
  if [ ! -e "$WORK/$NAME" ]; then
    cargo build --locked --quiet --bin "$NAME"
    strip -o "$WORK/$NAME" "$debug"
  fi
  installers/release --quick --out "$WORK/$1" --test-key "$WORK/key" --base-url https://downloads.example.com/helper \
    --targets "$TARGET" --binary "$TARGET=$WORK/$NAME" >"$WORK/$1.table" || fail "$(cat "$WORK/$1.table")"
}

nothing_failed() {
  for artefact in .tar.gz .deb .rpm .cdx.json; do
    ls "$FILES/"*"$artefact" >/dev/null || fail "no $artefact: $(cat "$WORK/first.table")"
  done
}

# contents.txt: one line per file with its kind, mode and path; pages of documentation and of single commands come and
# go and are left out.
each_holds_what_it_should() {
  {
    echo "# .tar.gz"
    tar -tvzf "$FILES"/*.tar.gz | awk '{print $1, $6}' | sed "s|$NAME-$VERSION-$TARGET|.|" | listed
    echo "# .deb"
    dpkg-deb -c "$FILES"/*.deb | awk '{print $1, $6}' | sed 's| \./| /|' | listed
    echo "# .rpm"
    rpm -qp --nosignature --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$FILES"/*.rpm 2>/dev/null | listed
  } >"$WORK/contents"
  diff -u installers/tests/contents.txt "$WORK/contents" || fail "the packages hold something else than contents.txt"
}

every_command_has_its_page() {
  local command packed
  packed=$(tar -tzf "$FILES"/*.tar.gz && dpkg-deb -c "$FILES"/*.deb && rpm -qpl --nosignature "$FILES"/*.rpm 2>/dev/null)
  for command in $("$WORK/$NAME" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    [ "$(grep -c "/man/.*-$command\.1\|/man1/.*-$command\.1\.gz$" <<<"$packed")" = 3 ] || fail "no page of $command"
  done
  [ -n "$command" ] || fail "there are no commands"
}

listed() {
  grep -v -E '/docs/.+|/examples/managed|sso-[a-z]+\.1' | sort -k 2
}

everything_belongs_to_root() {
  dpkg-deb -c "$FILES"/*.deb | awk '$2 != "root/root"' | none "not root's in the .deb"
  rpm -qp --nosignature --qf '[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]' "$FILES"/*.rpm 2>/dev/null | awk '$1 != "root:root"' |
    none "not root's in the .rpm"
  tar -tvzf "$FILES"/*.tar.gz | awk '$2 != "0/0"' | none "not root's in the .tar.gz"
}

the_signature_covers_every_file() {
  (cd "$FILES" && sha256sum --quiet -c SHA256SUMS)
  diff <(cut -c 67- "$FILES/SHA256SUMS") <(cd "$FILES" && find . -type f ! -name 'SHA256SUMS*' -printf '%P\n' | sort) ||
    fail "SHA256SUMS names other files than are there"
  printf '%s %s' "$NAME" "$(cut -d ' ' -f 1,2 "$WORK/key/release-test-key.pub")" >"$WORK/signers"
  verify <"$FILES/SHA256SUMS" || fail "the signature does not fit"
  sed '1s/^./x/' "$FILES/SHA256SUMS" | verify && fail "the signature fits other sums, too"
  return 0
}

verify() {
  ssh-keygen -Y verify -f "$WORK/signers" -I "$NAME" -n "$NAME" -s "$FILES/SHA256SUMS.sig" >/dev/null 2>&1
}

no_marker_is_left() {
  awk '/@[A-Z_]+@/' "$FILES"/*.rb | none "markers left in the formula"
  dpkg-deb --ctrl-tarfile "$FILES"/*.deb | tar -xO | awk '/@[A-Z]*@/' | none "markers left in the .deb"
}

twice_is_the_same() {
  release second
  diff -r "$WORK/first" "$WORK/second" || fail "a second build differs"
}

none() { # WHAT
  local found
  found=$(cat)
  [ -z "$found" ] || fail "$1: $found"
}

fail() {
  printf 'installers/tests/contents.sh: %s\n' "$1" >&2
  exit 1
}

main "$@"
