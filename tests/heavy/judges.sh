#!/bin/sh
# Microsoft's own Python clients (azure-identity, msal) and the helper ask the same practice services: tests/heavy/judges.py.
# They are installed once, into target/judges. A mount namespace makes room for the directory of Azure Arc's agent.
#   tests/heavy/judges.sh [HELPER SERVICES]
set -eu
cd "$(dirname "$0")/../.."

WANTED="msal==1.39.0 azure-identity==1.27.0"

main() {
  if [ $# = 0 ]; then
    cargo build --locked --quiet --bins --example workload-services
    set -- target/debug/git-credential-bitbucket-sso target/debug/examples/workload-services
  fi
  judges=${JUDGES:-target/judges}
  clients "$judges"
  export JUDGES_DIRECTORY=/var/opt/azcmagent/tokens
  # shellcheck disable=SC2016 # the inner shell's
  exec unshare --map-root-user --mount sh -ec \
    'mount -t tmpfs none /var/opt; mkdir -p "$JUDGES_DIRECTORY"; exec "$@"' sh "$judges/bin/python" tests/heavy/judges.py "$@"
}

clients() {
  [ "$(cat "$1/wanted" 2>/dev/null)" = "$WANTED" ] && return
  python3 -m venv "$1"
  # shellcheck disable=SC2086 # a list of words
  "$1/bin/pip" install --quiet --disable-pip-version-check $WANTED
  echo "$WANTED" >"$1/wanted"
}

main "$@"
