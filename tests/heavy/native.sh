#!/usr/bin/env bash
# The system that this runs on, whatever it is: unit tests, the release build, and git with the helper in its own chain.
# For Windows (in Git Bash) and macOS; Linux has more. Changes nothing outside of target/ but entries named `test` and
# `windows-` in the system's credential store, which it removes.
set -euo pipefail
cd "$(dirname "$0")/../.."
NAME=git-credential-bitbucket-sso

main() {
  uname -a
  git --version
  # Tests that were not run say so.
  cargo test --locked --lib -- --show-output | tee target/native.txt | grep -E '^(test result|not run)|FAILED|panicked' || true
  grep -q '^test result: ok' target/native.txt
  cargo build --locked --release --bin "$NAME"
  helper
  echo "native: unit tests, release build and git's chain are as they should be"
}

# In a profile of its own, with a host that nobody asks.
helper() {
  local home exe
  home=$(mktemp -d)
  mkdir -p "$home/Program Files (x86)" "$home/config/bitbucket-sso"
  exe="$home/Program Files (x86)/$NAME$(suffix)"
  cp "target/release/$NAME$(suffix)" "$exe"
  export HOME=$home USERPROFILE=$home APPDATA=$home/config LOCALAPPDATA=$home/state XDG_CONFIG_HOME=$home/config
  export GIT_TERMINAL_PROMPT=0
  if [ -n "$(suffix)" ]; then
    USERPROFILE=$(cygpath -w "$home") APPDATA=$(cygpath -w "$home/config") LOCALAPPDATA=$(cygpath -w "$home/state")
  fi
  configuration >"$home/config/bitbucket-sso/config.toml"
  ls -l "$exe"
  time "$exe" --version
  "$exe" setup
  says "first of 1" "$exe" setup
  says "not signed in" "$exe" status
  # Git asks the helper, which cannot reach anybody and stops git from asking for a password.
  says "bitbucket-sso:" git_fill
  "$exe" unsetup
  rm -r "$home"
}

configuration() {
  cat <<'TOML'
[entra]
tenant = "72f988bf-0000-4000-8000-2d7cd011db47"
client_id = "11111111-2222-4333-8444-555555555555"
authority = "http://127.0.0.1:1"
[[host]]
url = "https://git-proxy.example.com"
source = "entra"
scope = "api://git-proxy/.default"
TOML
}

git_fill() {
  printf 'protocol=https\nhost=git-proxy.example.com\n\n' | git credential fill
}

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

suffix() {
  case $(uname -s) in MINGW* | MSYS* | CYGWIN*) printf .exe ;; esac
}

main "$@"
