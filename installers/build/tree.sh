# shellcheck shell=bash disable=SC2153,SC2154
# What every artefact holds besides the program, and the two archives.

# Written once, with a program that runs here: all targets have the same commands.
share() {
  local share=$WORK/share program page
  program=$(runnable)
  mkdir -p "$share/man" "$share/completions" "$share/docs"
  "$program" man >"$share/man/$NAME.1"
  for page in $(commands "$program"); do
    "$program" man "$page" >"$share/man/$NAME-$page.1"
  done
  for shell in bash zsh fish powershell; do
    "$program" completions "$shell" >"$share/completions/$shell"
  done
  cp "$ROOT/README.md" "$ROOT/LICENSE" "$share"
  cp "$ROOT"/docs/*.md "$share/docs"
  mkdir "$share/examples"
  cp "$ROOT/installers/packages/organisation.toml" "$share/examples"
  [ ! -d "$ROOT/installers/managed" ] || cp -R "$ROOT/installers/managed" "$share/examples"
  licences >"$share/LICENSE-THIRD-PARTY"
}

runnable() {
  local target
  for target in $TARGETS; do
    if [ -e "$(program "$target")" ] && "$(program "$target")" --version >/dev/null 2>&1; then
      program "$target"
      return
    fi
  done
  cannot "none of the programs runs on this machine"
}

# The commands that `--help` shows.
commands() { # PROGRAM
  "$1" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

needs_share() {
  [ -e "$WORK/share/LICENSE-THIRD-PARTY" ] || cannot "the manual pages could not be written"
}

# One directory named like its archive. DESTINATION is where it is made.
tree() { # TARGET DESTINATION
  needs_program "$1"
  needs_share
  mkdir -p "$2"
  cp -R "$WORK/share/." "$2"
  cp "$(program "$1")" "$2"
  chmod -R u=rwX,go=rX "$2"
  settle "$2"
}

# The time of the last commit for everything below DIR.
settle() { # DIR
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

tarball() { # TARGET
  local name=$NAME-$VERSION-$1
  tree "$1" "$WORK/tar/$name"
  tar --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    -C "$WORK/tar" -c "$name" | gzip "-${LEVEL}n" >"$RELEASE/$name.tar.gz"
}

zipped() { # TARGET
  local name=$NAME-$VERSION-$1
  need zip "apt install zip"
  tree "$1" "$WORK/zip/$name"
  (cd "$WORK/zip" && find "$name" -type f | sort | zip -q -X -D -9 "$RELEASE/$name.zip" -@)
}

# What of a target's crates is linked into the program, from Cargo's own resolution.
crates() { # TARGET
  (cd "$ROOT" && cargo metadata --locked --format-version 1 --quiet --filter-platform "$1")
}

sbom() { # TARGET
  local file
  file=$(program "$1")
  needs_program "$1"
  need jq "apt install jq"
  need cargo "https://rustup.rs"
  crates "$1" | jq -L "$ROOT/installers/build" -f "$ROOT/installers/build/sbom.jq" --arg target "$1" --arg root "$NAME" \
    --arg time "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" --arg rustc "$(rustc --version)" \
    --arg sha256 "$(sha256sum <"$file" | cut -d ' ' -f 1)" --argjson checksums "$(checksums)" \
    >"$RELEASE/$NAME-$VERSION-$1.cdx.json"
}

# {"name version": "sha256"} of Cargo.lock.
checksums() {
  awk -F '"' '/^name = /{name=$2} /^version = /{version=$2} /^checksum = /{print name " " version "\t" $2}' \
    "$ROOT/Cargo.lock" | jq -R -n '[inputs | split("\t") | {key: .[0], value: .[1]}] | from_entries'
}

# The licence texts of all crates that any target links; the same text once, under the names of all that use it.
licences() {
  need jq "apt install jq"
  need cargo "https://rustup.rs"
  local target lines=$WORK/licences texts=$WORK/texts
  mkdir -p "$texts"
  for target in $TARGETS; do
    crates "$target" | jq -r -L "$ROOT/installers/build" -f "$ROOT/installers/build/linked.jq" --arg root "$NAME"
  done | sort -u >"$lines"
  printf 'The program links these libraries. Their licences follow.\n\n'
  cut -f 1,2 "$lines" | sed 's/\t/: /'
  while IFS=$'\t' read -r crate _ folder; do
    for file in "$folder"/[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]* "$folder"/COPYING* "$folder"/NOTICE*; do
      [ -f "$file" ] || continue
      text=$texts/$(sha256sum <"$file" | cut -d ' ' -f 1)
      [ -e "$text" ] || cp "$file" "$text"
      printf '%s\n' "$crate" >>"$text.of"
    done
  done <"$lines"
  for of in "$texts"/*.of; do
    printf '\n%s\n%s\n\n' ------------------------------------------------------------------------ \
      "$(sort -u "$of" | paste -s -d ,)"
    tr -d '\r' <"${of%.of}"
  done
}
