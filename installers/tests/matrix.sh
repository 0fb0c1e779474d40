#!/bin/bash
# install.sh in every shell that may be /bin/sh somewhere, with the helper that was built, a key made here, and a
# mirror on disk. Arguments: nothing for all shells that are installed, or the names of some: `matrix.sh dash bash`.
set -euo pipefail

PROGRAM=git-credential-bitbucket-sso
SHELLS=(dash bash "bash --posix" "busybox sh" mksh "zsh --emulate sh" yash)

main() {
  cd "$(dirname "$0")/../.."
  work=$(mktemp -d)
  trap 'leave' EXIT
  chmod 755 "$work"
  helper=${BITBUCKET_SSO_TEST_HELPER:-${CARGO_TARGET_DIR:-target}/debug/$PROGRAM}
  version=$("$helper" --version | awk '{ print $NF }')
  target=$(uname -m)-unknown-linux-musl
  mirror
  checks=0 failures=0
  if [ $# -gt 0 ]; then SHELLS=("$@"); fi
  for shell in "${SHELLS[@]}"; do
    if ! command -v "${shell%% *}" >/dev/null; then
      echo "matrix: $shell is not installed, left out" >&2
      continue
    fi
    read -r -a sh <<<"$shell"
    before=$checks
    if ! in_shell; then echo "matrix: $shell: it stopped" >&2; failures=$((failures + 1)); fi
    echo "matrix: $shell: $((checks - before)) checks" >&2
  done
  echo "matrix: $checks checks, $failures failed" >&2
  [ "$failures" = 0 ]
}

leave() {
  if mountpoint -q "$work/full" 2>/dev/null; then umount "$work/full"; fi
  if mountpoint -q "$work/read-only" 2>/dev/null; then umount "$work/read-only"; fi
  rm -rf "$work"
}

# A release as installers/release lays it out, and others that are wrong in one thing each.
mirror() {
  keys release; keys stranger
  name=$PROGRAM-$version-$target
  mkdir -p "$work/pack/$name"
  cp "$helper" "$work/pack/$name/$PROGRAM"
  strip "$work/pack/$name/$PROGRAM"
  tar -C "$work/pack" -cf - "$name" | gzip -1n >"$work/$name.tar.gz"
  for mirror in good tampered truncated short-sums no-signature no-sums no-archive stranger namespace unlisted garbled; do
    releases=$work/mirror/$mirror/v$version
    mkdir -p "$releases"
    ln "$work/$name.tar.gz" "$releases/$name.tar.gz"
    (cd "$releases" && sha256sum "$name.tar.gz" >SHA256SUMS)
    echo "$version" >"$work/mirror/$mirror/latest"
    spoil "$mirror"
  done
  sed "s|^  ALLOWED_SIGNERS='@[A-Z_]*@'|  ALLOWED_SIGNERS='$(signer release)'|" installers/install.sh >"$work/install.sh"
  grep -q ssh-ed25519 "$work/install.sh"
  chmod 755 "$work/install.sh"
}

keys() {
  ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$work/$1"
}

signer() {
  printf 'release namespaces="%s" %s' "$PROGRAM" "$(cut -d' ' -f1,2 "$work/$1.pub")"
}

sign() {
  ssh-keygen -q -Y sign -f "$work/$1" -n "$2" "$releases/SHA256SUMS" 2>/dev/null
}

spoil() {
  local archive=$releases/$name.tar.gz
  case $1 in
    unlisted) sed -i "s/$target/other/" "$releases/SHA256SUMS" ;;
  esac
  case $1 in
    stranger) sign stranger "$PROGRAM" ;;
    namespace) sign release file ;;
    *) sign release "$PROGRAM" ;;
  esac
  case $1 in
    tampered) { cat "$work/$name.tar.gz"; printf x; } >"$work/x" && mv "$work/x" "$archive" ;;
    truncated) head -c 100000 "$work/$name.tar.gz" >"$work/x" && mv "$work/x" "$archive" ;;
    short-sums) truncate -s -2 "$releases/SHA256SUMS" ;;
    no-signature) rm "$releases/SHA256SUMS.sig" ;;
    no-sums) rm "$releases/SHA256SUMS" ;;
    no-archive) rm "$archive" ;;
    garbled) head -c 60 "$releases/SHA256SUMS.sig" >"$work/x" && mv "$work/x" "$releases/SHA256SUMS.sig" ;;
  esac
}

in_shell() {
  fresh_and_again
  configured_and_back
  refused
  cut_short
  nothing_written
  together
  places
  tools_missing
  people
  rooms
  while_running
}

# A home, and how install.sh runs in it.
home() {
  home=$work/home
  rm -rf "$home"
  mkdir "$home"
}

script=install.sh
run() {
  run_with "$work/mirror/good" "$@"
}

run_with() {
  local from=$1
  shift
  said=$(env -i PATH="${path:-$PATH}" HOME="$home" GIT_CONFIG_NOSYSTEM=1 BITBUCKET_SSO_INSTALL_BASE_URL="file://$from" \
    "${sh[@]}" "$work/$script" "$@" 2>&1 </dev/null) && code=0 || code=$?
}

check() {
  checks=$((checks + 1))
  local what=$1
  shift
  "$@" && return 0
  failures=$((failures + 1))
  printf 'matrix: %s: FAILED: %s (exit %s)\n%s\n' "${sh[*]}" "$what" "${code:-}" "${said:-}" >&2
}

is() { [ "$code" = "$1" ]; }
installed() { [ -x "$home/.local/bin/$PROGRAM" ]; }
says() { [[ $said == *"$1"* ]]; }
# Names, contents, inodes and times of the files in the home.
picture() { (cd "$home" && find . -type f -exec stat -c '%n %i %Y %a %s' {} + | sort; find . -type f -exec sha256sum {} + | sort); }
# Nothing of ours, not even something half done.
empty() { [ -z "$(find "${1:-$home}" -type f -print -quit)" ]; }
same() { [ "$1" = "$2" ]; }

fresh_and_again() {
  home
  run
  check "a fresh installation" is 0
  check "it is there" installed
  check "it names what it writes" says "created $home/.local/bin/$PROGRAM"
  check "no stage is left" same "$(ls -A "$home/.local/bin")" "$PROGRAM"
  local before
  before=$(picture)
  run
  check "a second run" is 0
  check "a second run changes no byte and no inode" same "$before" "$(picture)"
  sed -i 's/"version": ".*"/"version": "99.0.0"/' "$home/.local/share/bitbucket-sso/installed.json"
  run
  check "a newer version stays" says "99.0.0 is installed, which is newer"
  run --version "$version"
  check "unless the older one is named" is 0
  check "then it is the installed one" grep -q "\"version\": \"$version\"" "$home/.local/share/bitbucket-sso/installed.json"
  run --quiet
  check "quiet" same "$said" ""
  run --version 9.9.9
  check "a version that is not there" is 4
  run --uninstall
  check "uninstall" is 0
  check "nothing is left" empty
  run --uninstall
  check "uninstall again" is 0
}

configured_and_back() {
  home
  mkdir -p "$home/a b"
  printf '[user]\n\tname = A\n[credential]\n\thelper = store' >"$home/.gitconfig"
  cp "$home/.gitconfig" "$work/gitconfig"
  cat >"$home/a b/organisation.toml" <<'END'
[entra]
tenant = "contoso.example"
client_id = "11111111-2222-4333-8444-555555555555"
[[host]]
url = "https://bitbucket.org"
source = "entra"
scope = "api://git-proxy/.default"
END
  sum=$(sha256sum <"$home/a b/organisation.toml")
  run --config "$home/a b/organisation.toml" --yes --config-sha256 "${sum%% *}"
  check "installed and configured" is 0
  check "git asks us" grep -q "helper = $home/.local/bin/$PROGRAM" "$home/.config/bitbucket-sso/gitconfig"
  local before
  before=$(picture | grep -v local/state)
  run --config "$home/a b/organisation.toml" --yes --config-sha256 "${sum%% *}"
  check "configured again" is 0
  check "configured again changes no byte" same "$before" "$(picture | grep -v local/state)"
  run --config "$home/a b/organisation.toml" --yes --config-sha256 "${sum%% *}0"
  check "another configuration than agreed on" is 7
  run --config "$home/a b/organisation.toml" --yes
  check "--yes without the digest" is 2
  run --uninstall
  check "uninstall with a registration" is 0
  check "git's configuration is what it was" cmp -s "$work/gitconfig" "$home/.gitconfig"
  check "the configuration stays" test -f "$home/.config/bitbucket-sso/config.toml"
  run
  check "installed again, registered at once" grep -q "bitbucket-sso/gitconfig" "$home/.gitconfig"
  run --uninstall --purge
  check "purge" is 0
  check "purge leaves git's configuration" cmp -s "$work/gitconfig" "$home/.gitconfig"
  rm -r "$home/a b" "$home/.gitconfig"
  check "purge leaves nothing" empty
}

refused() {
  local mirror want
  for mirror in tampered:5 truncated:5 short-sums:5 no-signature:5 no-sums:4 no-archive:4 stranger:5 namespace:5 \
    unlisted:3 garbled:5 nowhere:4; do
    want=${mirror#*:} mirror=${mirror%:*}
    home
    run_with "$work/mirror/$mirror" --version "$version"
    check "$mirror is refused" is "$want"
    check "$mirror installs nothing" empty
  done
  home
  BITBUCKET_SSO_INSTALL_ALLOWED_SIGNERS=$(signer stranger)
  said=$(env -i PATH="$PATH" HOME="$home" ALLOWED_SIGNERS="$BITBUCKET_SSO_INSTALL_ALLOWED_SIGNERS" \
    BITBUCKET_SSO_INSTALL_ALLOWED_SIGNERS="$BITBUCKET_SSO_INSTALL_ALLOWED_SIGNERS" NAMESPACE=file \
    "${sh[@]}" "$work/install.sh" --base-url "file://$work/mirror/stranger" 2>&1) && code=0 || code=$?
  check "no variable replaces the key" is 5
  said=$(env -i PATH="$PATH" HOME="$home" "${sh[@]}" installers/install.sh --base-url "file://$work/mirror/good" 2>&1) && code=0 || code=$?
  check "a script without a key fetches nothing" is 5
  check "and installs nothing" empty
}

# What a broken connection leaves of the script.
cut_short() {
  local size part
  size=$(stat -c %s "$work/install.sh")
  script=cut.sh
  for part in 20 50 80 95 99; do
    head -c $((size * part / 100)) "$work/install.sh" >"$work/cut.sh"
    home
    run
    check "cut at $part % it installs nothing" empty
  done
  head -c $((size - 5)) "$work/install.sh" >"$work/cut.sh"
  home
  run
  check "cut within the last line it installs nothing" empty
  script=install.sh
}

nothing_written() {
  home
  local before
  before=$(picture)
  run --dry-run
  check "dry run" is 0
  check "dry run says what" says "would install $home/.local/bin/$PROGRAM"
  run --dry-run --system
  check "dry run of the system" is 0
  check "dry runs write nothing" same "$before" "$(picture)"
  run --help
  check "help" is 0
  run --nonsense
  check "an unknown option" is 2
  run --base-url http://localhost/
  check "plain http" is 2
  run --base-url
  check "an option without its value" is 2
  run --purge
  check "purge without uninstall" is 2
  run --version '../x'
  check "a version that is a path" is 2
  said=$(env -i PATH="$PATH" HOME="$home" BITBUCKET_SSO_INSTALL_DRY_RUN=maybe "${sh[@]}" "$work/install.sh" 2>&1) && code=0 || code=$?
  check "a switch that is neither on nor off" is 2
  run --base-url https://localhost:9
  check "no network" is 4
  check "all of that wrote nothing" empty
}

together() {
  home
  local each pids=() bad=0
  for each in 1 2 3 4 5 6; do
    (run; [ "$code" = 0 ] || { echo "$said" >&2; exit 1; }) & pids+=($!)
  done
  for each in "${pids[@]}"; do wait "$each" || bad=1; done
  check "six at once" same "$bad" 0
  check "and it is there" installed
  check "and no stage is left" same "$(ls -A "$home/.local/bin")" "$PROGRAM"
  run
  check "a seventh has nothing to do" says "is installed already"
}

places() {
  home=$work/"a home"
  rm -rf "$home"
  mkdir "$home"
  run --bin-dir "$home/my bin"
  check "a path with spaces" is 0
  check "the program is there" test -x "$home/my bin/$PROGRAM"
  run --bin-dir "$home/my bin" --uninstall
  check "and gone" empty
  home
  said=$(env -i PATH="$PATH" "${sh[@]}" "$work/install.sh" --base-url "file://$work/mirror/good" 2>&1) && code=0 || code=$?
  check "HOME is not set" is 2
}

# A PATH with everything but some programs.
without() {
  local bin=$work/bin tool
  rm -rf "$bin"
  mkdir "$bin"
  for tool in awk cat chmod cmp cp cut dirname env git grep gzip head id ls mkdir mktemp mv printf rm sed sha256sum shasum \
    sleep ssh-keygen tar uname curl; do
    case " $* " in
      *" $tool "*) continue ;;
    esac
    tool=$(command -v "$tool" || true)
    case $tool in
      /*) ln -s "$tool" "$bin/" ;;
      ?*) ln -s "/usr/bin/$tool" "$bin/" ;;
    esac
  done
  ln -s "$(command -v "${sh[0]}")" "$bin/" 2>/dev/null || true
  path=$bin
}

say_uname() {
  # shellcheck disable=SC2016 # for the script that is written
  printf '#!/bin/sh\n[ "$1" = -s ] && echo %s || echo %s\n' "$1" "$2" >"$path/uname"
  chmod 755 "$path/uname"
}

tools_missing() {
  home
  without
  run
  check "only what is needed" is 0
  home
  without ssh-keygen
  run
  check "without ssh-keygen" is 5
  check "nothing is installed unverified" empty
  without sha256sum shasum
  run
  check "without sha256sum" is 5
  check "nothing is installed unsummed" empty
  without uname
  say_uname Plan9 x86_64
  run
  check "a platform that nobody knows" is 3
  say_uname Linux s390x
  run
  check "a machine that nobody knows" is 3
  without
  mkdir -p "$work/source"
  touch "$work/source/Cargo.toml"
  printf '#!/bin/sh\nmkdir -p "%s/source/target/release" && cp "%s" "%s/source/target/release/"\n' \
    "$work" "$work/pack/$name/$PROGRAM" "$work" >"$path/cargo"
  chmod 755 "$path/cargo"
  said=$(env -i PATH="$path" HOME="$home" "${sh[@]}" installers/install.sh --from-source "$work/source" 2>&1) && code=0 || code=$?
  check "from source, without a key" is 0
  check "it is there" installed
  path=
}

people() {
  [ "$(id -u)" = 0 ] || return 0
  home
  chmod 755 "$home"
  said=$(env -i PATH="$PATH" HOME="$home" setpriv --reuid 65534 --regid 65534 --clear-groups "${sh[@]}" "$work/install.sh" \
    --base-url "file://$work/mirror/good" --system 2>&1) && code=0 || code=$?
  check "as nobody for the system" is 6
  check "it says what is needed" says "--system needs root"
  said=$(env -i PATH="$PATH" HOME="$home" setpriv --reuid 65534 --regid 65534 --clear-groups "${sh[@]}" "$work/install.sh" \
    --base-url "file://$work/mirror/good" 2>&1) && code=0 || code=$?
  check "in a home of somebody else" is 6
  check "nothing was written there" empty
}

rooms() {
  [ "$(id -u)" = 0 ] || return 0
  home
  mkdir -p "$work/full" "$work/read-only"
  mount -t tmpfs -o size=3m none "$work/full" 2>/dev/null || return 0
  run --bin-dir "$work/full"
  check "a full disk" is 6
  check "it leaves nothing there" empty "$work/full"
  umount "$work/full"
  mount -t tmpfs -o ro none "$work/read-only"
  run --bin-dir "$work/read-only/bin"
  check "a read-only target" is 6
  umount "$work/read-only"
  check "the home has nothing of it" empty
}

while_running() {
  home
  run
  # It waits for its input, as it does for git's.
  local running
  mkfifo "$work/fifo"
  "$home/.local/bin/$PROGRAM" get <"$work/fifo" >/dev/null 2>&1 & running=$!
  exec 9>"$work/fifo"
  cp "$home/.local/bin/$PROGRAM" "$work/other"
  printf x >>"$work/other"
  mv "$work/other" "$home/.local/bin/$PROGRAM"
  "$home/.local/bin/$PROGRAM" get <"$work/fifo" >/dev/null 2>&1 9>&- & local second=$!
  run 9>&-
  check "replaced while it runs" is 0
  check "by what was released" cmp -s "$work/pack/$name/$PROGRAM" "$home/.local/bin/$PROGRAM"
  check "whoever ran it still runs" kill -0 "$second"
  exec 9>&-
  rm "$work/fifo"
  wait "$running" "$second" || true
}

main "$@"
