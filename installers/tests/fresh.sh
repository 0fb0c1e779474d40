#!/usr/bin/env bash
# A machine with nothing but git, from zero to a working clone with the two commands of the README, twice in a row.
# usage: installers/tests/fresh.sh [PROGRAM for this machine's static target]; without one it is built.
# The machine is a Debian chroot in mount and process namespaces of its own; Entra, Bitbucket and the release server are
# practice servers on this one. Needs root and Debian. CHROOT_BASE names a debootstrap tree to copy.
# shellcheck disable=SC2016,SC2317 # single quotes on purpose: other shells and sed expand what is in them
set -euo pipefail
cd "$(dirname "$0")/../.."
NAME=git-credential-bitbucket-sso
TARGET=$(uname -m)-unknown-linux-musl
WORK=$(mktemp -d)
TOWN=''
NOTE='home/*/.local/state/bitbucket-sso/organisation.json'

main() {
  [ "$(id -u)" = 0 ] || fail "a chroot needs root"
  trap leave EXIT
  machine
  town
  release "$@"
  commands
  has git ssh-keygen update-ca-certificates
  lacks curl wget cargo python3 "$NAME"
  echo "== by https, as the README says" >&2
  day ada "$INSTALL" "$CONFIGURE"
  echo "== from a share, with nothing that fetches" >&2
  on rm -f /usr/bin/curl
  cp -R "$WORK/site" "$ROOT/media/share"
  day bob "sh /media/share/install.sh --base-url file:///media/share" "${CONFIGURE%% *} setup --from /media/share/organisation.toml"
}

# Debian with git as `apt install git ca-certificates` brings it, ssh included, and with people who have homes.
machine() {
  ROOT=$WORK/machine
  if [ -n "${CHROOT_BASE:-}" ]; then
    cp -a "$CHROOT_BASE" "$ROOT"
  else
    debootstrap --variant=minbase stable "$ROOT" >"$WORK/log" 2>&1 ||
      fail "$(tail "$WORK/log")"
  fi
  cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
  on sh -c 'apt-get -qq update && apt-get -qq install -y git ca-certificates && useradd -m ada && useradd -m bob' \
    >"$WORK/log" 2>&1 || fail "$(tail "$WORK/log")"
}

town() {
  mkdir "$WORK/site"
  cargo build --locked --quiet --example town
  mkfifo "$WORK/town"
  "${CARGO_TARGET_DIR:-target}/debug/examples/town" "$WORK/site" <"$WORK/town" >"$WORK/addresses" &
  TOWN=$!
  exec 9>"$WORK/town"
  until [ "$(wc -l <"$WORK/addresses")" = 3 ]; do
    kill -0 "$TOWN" || fail "the practice servers do not start"
    sleep 0.1
  done
  BASE=$(address base) CLONE=$(address clone)
  cp "$(address authority)" "$ROOT/usr/local/share/ca-certificates/company.crt"
  on update-ca-certificates >/dev/null 2>&1
}

address() {
  sed -n "s/^$1 //p" "$WORK/addresses"
}

release() { # [PROGRAM]
  installers/release --out "$WORK/site" --test-key "$WORK/key" --base-url "$BASE" --targets "$TARGET" --quick \
    ${1:+--binary "$TARGET=$1"} >"$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
  grep -qF "DEFAULT_BASE_URL='$BASE'" "$WORK/site/install.sh" || fail "install.sh does not know where its release is"
  if grep -qE "='@[A-Z_]+@'" "$WORK/site/install.sh"; then fail "install.sh has markers left"; fi
}

# What the README shows, at this company's address.
commands() {
  local shown
  shown=$(sed -n '/^## Use it/,/^## /p' README.md | sed -n '/^```sh$/,/^```$/p' | sed '1d;/^```$/,$d;s/  *#.*//')
  shown=${shown//https:\/\/downloads.acme.com/$BASE}
  INSTALL=$(sed -n 1p <<<"$shown") CONFIGURE=$(sed -n 2p <<<"$shown")
  case "$INSTALL $CONFIGURE" in *install.sh*setup*"$BASE"*) ;; *) fail "the README shows: $shown" ;; esac
}

has() {
  for tool; do on sh -c "command -v $tool" >/dev/null || fail "$tool is missing"; done
}

lacks() {
  for tool; do ! on sh -c "command -v $tool" >/dev/null || fail "there is $tool already"; done
}

day() { # PERSON INSTALL CONFIGURE
  local person=$1 install=$2 configure=$3 begun
  case $install in curl*) on apt-get -qq install -y --no-install-recommends curl >/dev/null 2>&1 ;; esac
  begun=$(date +%s%N)
  as "$person" "$install" || fail "$install: $(cat "$WORK/screen")"
    as "$person" "$configure" y || fail "$configure: $(cat "$WORK/screen")"
  as "$person" "git clone $CLONE" || fail "git clone: $(cat "$WORK/screen")"
  begun=$((($(date +%s%N) - begun) / 1000000))
  grep -q "signed in as" "$WORK/screen" || fail "the clone asked nobody: $(cat "$WORK/screen")"
  [ -e "$ROOT/home/$person/app/.git/HEAD" ] || fail "there is no clone"
  echo "fresh: $person went from zero to a clone in $((begun / 1000)).$(printf %03d $((begun % 1000))) s, sign-in included"

  state "$person" >"$WORK/before"
  as "$person" "$install" || fail "again, $install: $(cat "$WORK/screen")"
  as "$person" "$configure" y || fail "again, $configure: $(cat "$WORK/screen")"
  state "$person" >"$WORK/after"
  diff "$WORK/before" "$WORK/after" || fail "the second run changed what you see above"
  as "$person" "git clone $CLONE again" || fail "the second clone: $(cat "$WORK/screen")"
  if grep -q "sign" "$WORK/screen"; then fail "the second clone asked: $(cat "$WORK/screen")"; fi
  echo "fresh: both commands again changed no byte but the note of when, and the next clone asked nobody"
  as "$person" ".local/bin/$NAME logout --all" || fail "logout: $(cat "$WORK/screen")"
}

# Every file of the person's and of the system's configuration: name, owner, mode, time, content. Of directories no
# time: what is staged in them goes again. Left out is the note when the configuration was last looked at.
state() { # PERSON
  (
    cd "$ROOT"
    find "home/$1" etc usr/local ! -path "$NOTE" -type d -printf '%p %U:%G %m\n' | sort
    find "home/$1" etc usr/local ! -path "$NOTE" ! -type d -printf '%p %U:%G %m %T@ %l\n' | sort
    find "home/$1" etc usr/local ! -path "$NOTE" -type f -print0 | sort -z | xargs -0 sha256sum
  )
}

# A line that a person types in a terminal, which stays open until it is done; `y` once a question is on the screen.
as() { # PERSON LINE [y]
  rm -f "$WORK/done"
  : >"$WORK/screen"
  person "${3:-}" | {
    code=0
    on script -qefc "$(printf 'su - %s --session-command %q' "$1" "$2")" /dev/null >"$WORK/screen" 2>&1 || code=$?
    touch "$WORK/done"
    exit "$code"
  }
}

person() { # [y]
  until [ -e "$WORK/done" ]; do
    if [ -n "$1" ] && grep -qF '[y/N]' "$WORK/screen"; then
      printf '%s\n' "$1"
      set -- ''
    fi
    sleep 0.1
  done
}

# On that machine, which has its own devices and processes while the command runs.
on() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TERM=dumb DEBIAN_FRONTEND=noninteractive \
    unshare --mount --propagation private sh -c '
      mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$ROOT" "$@"
}

leave() {
  exec 9>&-
  [ -z "$TOWN" ] || wait "$TOWN" || true
  rm -rf --one-file-system "$WORK"
}

fail() {
  printf 'installers/tests/fresh.sh: %s\n' "$1" >&2
  exit 1
}

main "$@"
