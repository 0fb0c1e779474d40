# shellcheck shell=bash disable=SC2153,SC2154
# What can be looked at without installing: manifests, formula, bill of materials, manual pages, completions.

papers() {
  formula_is_ruby
  scoop_names_what_is_there
  winget_names_what_is_there
  pages_and_completions_are_sound
  for program in "$FILES"/*.tar.gz; do
    bill_matches_program "$program"
    no_path_of_this_machine "$program"
  done
}

formula_is_ruby() {
  ruby -c "$FILES/$NAME.rb" >/dev/null || fail "the formula is no Ruby"
  local address sum
  while read -r address sum; do
    [ "$(sum_of "${address##*/}")" = "$sum" ] || fail "the formula has another hash for $address"
  done < <(sed -n 's/^ *url "\(.*\)"/\1/p; s/^ *sha256 "\(.*\)"/\1/p' "$FILES/$NAME.rb" | paste -d ' ' - -)
}

sum_of() { # FILE
  sha256sum <"$FILES/$1" | cut -d ' ' -f 1
}

# The rules of Scoop's schema that concern us: names, forms, and no field that it does not know.
scoop_names_what_is_there() {
  [ -e "$FILES/$NAME.json" ] || return 0
  jq -e '(keys - ["architecture","autoupdate","bin","checkver","description","homepage","license","notes","version"] == [])
    and (.version | test("^[\\w.+-]+$")) and (.homepage | test("^https://"))
    and (.architecture["64bit"] | keys == ["extract_dir", "hash", "url"])
    and (.architecture["64bit"].hash | test("^[0-9a-f]{64}$"))' "$FILES/$NAME.json" >/dev/null || fail "the Scoop manifest"
  local address
  address=$(jq -r '.architecture["64bit"].url' "$FILES/$NAME.json")
  [ "$(sum_of "${address##*/}")" = "$(jq -r '.architecture["64bit"].hash' "$FILES/$NAME.json")" ] ||
    fail "the Scoop manifest has another hash"
}

# The rules of winget's schema 1.6 that concern us; its files are flat enough for sed.
winget_names_what_is_there() {
  local id=$FILES/BitbucketSso.GitCredentialBitbucketSso address
  [ -e "$id.installer.yaml" ] || return 0
  for kind in version:yaml installer:installer.yaml defaultLocale:locale.en-US.yaml; do
    grep -q "^ManifestType: ${kind%%:*}$" "$id.${kind#*:}" || fail "$id.${kind#*:} is of another type"
    grep -q "^PackageVersion: $VERSION$" "$id.${kind#*:}" || fail "$id.${kind#*:} is of another version"
  done
  grep -Eq '^Scope: (user|machine)$' "$id.installer.yaml" || fail "winget knows no such scope"
  grep -Eq '^    InstallerSha256: [0-9A-F]{64}$' "$id.installer.yaml" || fail "winget wants a hash in upper case"
  address=$(sed -n 's/^    InstallerUrl: //p' "$id.installer.yaml")
  grep -qi "InstallerSha256: $(sum_of "${address##*/}")" "$id.installer.yaml" || fail "winget has another hash"
  grep -qF "$(msiinfo export "$FILES/${address##*/}" Property | sed -n 's/^ProductCode\t\([^\r]*\).*/\1/p')" \
    "$id.installer.yaml" || fail "winget has another product code"
}

pages_and_completions_are_sound() {
  local tree=$WORK/papers
  mkdir -p "$tree"
  tar -xzf "$FILES/$NAME-$VERSION-$TARGET.tar.gz" --strip-components 1 -C "$tree"
  for page in "$tree"/man/*; do
    [ -z "$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)" ] ||
      fail "$(basename "$page") is no sound manual page"
  done
  bash -n "$tree/completions/bash" || fail "the completions for bash"
  "$tree/$NAME" config validate "$tree/examples/organisation.toml" >/dev/null || fail "the example is not valid"
}

# What `cargo auditable` put into the program is what the bill of materials says, and its hash is the program's.
bill_matches_program() { # TAR.GZ
  local target=${1##*/} bill program=$WORK/audited
  target=${target#"$NAME-$VERSION-"}
  target=${target%.tar.gz}
  bill=$FILES/$NAME-$VERSION-$target.cdx.json
  tar -xzOf "$1" "$NAME-$VERSION-$target/$NAME" >"$program"
  [ "$(jq -r '.metadata.component.hashes[0].content' "$bill")" = "$(sha256sum <"$program" | cut -d ' ' -f 1)" ] ||
    fail "the bill of $target is of another program"
  python3 - "$program" >"$WORK/inside" <<'PYTHON'
import json, subprocess, sys, tempfile, zlib
with tempfile.NamedTemporaryFile() as out:
    tool = "objcopy" if b"\x3e\x00" == open(sys.argv[1], "rb").read(20)[18:20] else "aarch64-linux-gnu-objcopy"
    subprocess.run([tool, "--dump-section", ".dep-v0=" + out.name, sys.argv[1], "/dev/null"], check=True)
    for package in json.loads(zlib.decompress(open(out.name, "rb").read()))["packages"]:
        if package.get("kind", "runtime") == "runtime" and not package.get("root"):
            print(package["name"], package["version"])
PYTHON
  [ -s "$WORK/inside" ] || fail "the program of $target does not say what it is made of"
  diff <(sort "$WORK/inside") <(jq -r '.components[] | .name + " " + .version' "$bill" | sort) | grep '^<' &&
    fail "the bill of $target lacks what the program names"
  diff <(sort "$WORK/inside") <(jq -r '.components[] | select(.scope == "required") | .name + " " + .version' "$bill" |
    sort) | grep '^>' && fail "the bill of $target has more than the program names"
  return 0
}

no_path_of_this_machine() { # TAR.GZ
  tar -xzOf "$1" --wildcards "*/$NAME" | grep -aqF -e "$PWD/" -e "${CARGO_HOME:-$HOME/.cargo}/" && fail "$1 holds a local path"
  return 0
}
