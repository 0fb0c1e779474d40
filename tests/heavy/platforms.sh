#!/usr/bin/env bash
# What Linux can check of the other platforms: macOS type-checked, the static Linux build under the light tier, and the
# static build for ARM started under qemu. usage: tests/heavy/platforms.sh [macos|musl|aarch64...]; without one, all.
set -euo pipefail
cd "$(dirname "$0")/../.."
NAME=git-credential-bitbucket-sso
VENV=target/zig

main() {
  [ $# -gt 0 ] || set -- macos musl aarch64
  for platform in "$@"; do
    printf '== %s\n' "$platform" >&2
    "$platform"
  done
}

# The types of every line that macOS would compile; C sources of the crates are compiled by zig, nothing is linked.
macos() {
  standard_library aarch64-apple-darwin
  if [ ! -x "$VENV/bin/cargo-zigbuild" ]; then
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet ziglang==0.17.1 cargo-zigbuild==0.24.0
  fi
  PATH=$PWD/$VENV/bin:$PATH cargo-zigbuild check --locked --quiet --target aarch64-apple-darwin --lib --bins
  echo "macOS (arm64): library and program type-checked, never run"
}

# Every test, with the product built statically; the tests themselves are static, too. Those that need another clock
# cannot be run so: no library can be put before a static program's own.
musl() {
  local report=target/musl.txt
  standard_library x86_64-unknown-linux-musl
  packages musl-tools
  tests/run --profile ci --target x86_64-unknown-linux-musl >"$report" 2>&1 || true
  ended 'FAIL|SIG[A-Z]+|TIMEOUT|ABORT' <"$report" >target/musl.failed
  awk "/^ *thread '.*panicked at/ { split(\$0, name, \"'\") } /not for a static program/ { print name[2] }" "$report" |
    sort -u >target/musl.excused
  grep -E '^ *Summary ' "$report" || tail -40 "$report" >&2
  echo "of these, not run because a static program takes no other clock: $(wc -l <target/musl.excused)"
  sed 's/^/  /' target/musl.excused
  comm -23 target/musl.failed target/musl.excused | sed 's/^/failed: /' >&2
  grep -qE '^ *Summary ' "$report"
  cmp target/musl.failed target/musl.excused
  echo "Linux (x86_64, static): the light tier passed"
}

# The names of the tests that ended so, from nextest's report.
ended() { # STATES
  sed -nE "s/^ +($1) +\[.* ([^ ]+)\$/\2/p" | sort -u
}

aarch64() {
  local target=aarch64-unknown-linux-musl helper home
  standard_library "$target"
  packages gcc-aarch64-linux-gnu qemu-user-static
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
  export CC_aarch64_unknown_linux_musl=aarch64-linux-gnu-gcc AR_aarch64_unknown_linux_musl=aarch64-linux-gnu-ar
  cargo build --locked --quiet --target "$target" --bin "$NAME"
  helper=${CARGO_TARGET_DIR:-target}/$target/debug/$NAME
  home=$(mktemp -d)
  HOME=$home qemu-aarch64-static "$helper" --version
  says "no-hosts" env "HOME=$home" qemu-aarch64-static "$helper" status
  # A host that is not ours is met with silence and success.
  [ -z "$(printf 'protocol=https\nhost=example.org\n\n' | HOME=$home qemu-aarch64-static "$helper" get)" ]
  rm -r "$home"
  echo "Linux (arm64, static): starts, reads its configuration and a request, under qemu"
}

# The words that a command must say, whatever its exit code.
says() { # WORDS COMMAND...
  local words=$1 said
  shift
  said=$("$@" 2>&1) || true
  case $said in
    *"$words"*) ;;
    *)
      printf '%s did not say %s but: %s\n' "$*" "$words" "$said" >&2
      return 1
      ;;
  esac
}

standard_library() { # TARGET
  [ -d "$(rustc --print target-libdir --target "$1")" ] || rustup target add "$1"
}

packages() {
  dpkg -s "$@" >/dev/null 2>&1 || {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
  }
}

main "$@"
