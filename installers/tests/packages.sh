#!/usr/bin/env bash
# The heavy check: installs, upgrades and removes the packages of a release in chroots and in Wine.
# usage: installers/tests/packages.sh [DIR of installers/release]; without one a release is built, the program for this
# machine twice. Needs root and Debian. CHROOT_BASE names a debootstrap tree to copy instead of making one.
# shellcheck disable=SC2034 # the parts beside this file read it
set -euo pipefail
cd "$(dirname "$0")/../.."
NAME=git-credential-bitbucket-sso
TARGET=$(uname -m)-unknown-linux-musl
URL=https://downloads.example.com/helper
WORK=$(mktemp -d)
trap 'rm -rf --one-file-system "$WORK"' EXIT
for part in deb rpm msi papers; do
  # shellcheck source=/dev/null
  . "installers/tests/$part.sh"
done

main() {
  [ "$(id -u)" = 0 ] || fail "chroots need root"
  tools
  BASE=${1:-}
  [ -n "$BASE" ] || build
  BASE=$(realpath "$BASE")
  VERSION=$(cat "$BASE/latest")
  FILES=$BASE/v$VERSION
  base_chroot
  step papers
  step deb_life
  step rpm_life
  step msi_tables
  step msi_life
  echo "packages: everything that was built installs, upgrades and goes away as it should"
}

build() {
  BASE=$WORK/base-url
  installers/release --out "$BASE" --test-key "$WORK/key" --base-url "$URL"
  installers/release --out "$WORK/reproduced" --test-key "$WORK/key" --base-url "$URL" --targets "$TARGET" \
    --check-reproducible
}

tools() {
  local packages="debootstrap lintian rpm msitools wixl uuid-runtime faketime jq ruby zip xvfb wine wine64 man-db
    gcc-mingw-w64-x86-64 gcc-aarch64-linux-gnu musl-tools qemu-user-static binutils python3"
  # shellcheck disable=SC2086 # a list of words
  dpkg -s $packages >/dev/null 2>&1 || {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >/dev/null
  }
}

base_chroot() {
  CHROOT_BASE=${CHROOT_BASE:-$WORK/chroot}
  [ -d "$CHROOT_BASE/usr" ] ||
    debootstrap --variant=minbase stable "$CHROOT_BASE" >"$WORK/log" 2>&1 ||
    fail "$(tail "$WORK/log")"
}

# A fresh machine, without git or with it; ROOT is where it is. Nothing is mounted: like a machine whose image is made.
machine() { # NAME [git]
  local tree=$CHROOT_BASE
  [ -z "${2:-}" ] || tree=$WORK/machine-with-git
  if [ ! -d "$tree" ]; then
    machine machine-with-git
    install_git
  fi
  ROOT=$WORK/$1
  cp -a "$tree" "$ROOT"
  cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
}

# A command on that machine.
on() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$ROOT" "$@"
}

install_git() {
  on sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends git' >"$WORK/log" 2>&1 ||
    fail "git: $(tail "$WORK/log")"
}

# Who git asks on that machine, for a user without any configuration.
helper_of_git() {
  on git config --get-all credential.https://bitbucket.org.helper 2>/dev/null | paste -s -d '|'
}

registered() {
  [ "$(helper_of_git)" = "|/usr/bin/$NAME" ] || fail "$1: git asks '$(helper_of_git)'"
}

not_registered() {
  [ -z "$(helper_of_git)" ] || fail "$1: git asks '$(helper_of_git)'"
}

policy() { # DIRECTORY BELOW THE MACHINE
  install -D -m 644 installers/packages/organisation.toml "$ROOT/etc/bitbucket-sso/$1/50-organisation.toml"
}

# The text of a command must hold a sentence.
says() { # SENTENCE COMMAND...
  local sentence=$1 said
  shift
  said=$("$@" 2>&1) || fail "$*: exit code $?: $said"
  case $said in *"$sentence"*) ;; *) fail "$* did not say '$sentence' but: $said" ;; esac
}

# Nothing of ours is left, besides what the package managers keep themselves.
nothing_left() {
  local found
  found=$(find "$ROOT" -xdev -path '*bitbucket-sso*' ! -path '*/var/log/*' ! -path "$ROOT/packages/*" ! -path "$ROOT/packages")
  [ -z "$found" ] || fail "left behind: $found"
}

step() {
  printf '== %s\n' "$1" >&2
  "$@"
}

fail() {
  printf 'installers/tests/packages.sh: %s\n' "$1" >&2
  exit 1
}

main "$@"
