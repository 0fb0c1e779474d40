#!/bin/sh
# Whether `benches/run` would notice: it judges made-up counts. Builds and counts nothing.
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# TITLE EXIT-CODE WORDS: the counts on standard input, against the baseline.
expect() {
  cat >"$work/counted"
  code=0
  benches/run judge "$work/baseline" "$work/counted" >"$work/said" 2>&1 || code=$?
  if [ "$code" != "$2" ] || ! grep -q -e "$3" "$work/said"; then
    echo "$1: exit code $code instead of $2, or without \"$3\":" >&2
    cat "$work/said" >&2
    failed=1
  fi
}

# FLOOR HIT STORE
counts() {
  printf 'toolchain %s\nstatic-floor %s\nstatic-get-hit %s\nstatic-store %s\n' "${toolchain:-one}" "$@"
}

counts 10000 200000 7000 >"$work/baseline"
counts 10000 200000 7000 | expect "the same counts" 0 'static-get-hit .* +0.0 %'
counts 10000 205999 7000 | expect "2.9995 % more" 0 '+3.0 %'
counts 10000 206001 7000 | expect "3.0005 % more" 1 'static-get-hit .*grew by more than 3 %'
counts 10000 200000 7211 | expect "another verb" 1 'static-store .*grew by more than 3 %'
counts 20000 200000 7000 | expect "a floor that rose" 0 'static-floor .*+100.0 %$'
counts 10000 100000 7000 | expect "less" 0 '-50.0 %'
toolchain=another counts 10000 200000 7000 | expect "another toolchain" 2 'not comparable'
counts 10000 200000 7000 | grep -v store | expect "a verb that is not counted" 1 'static-store *was not counted'
{ counts 10000 200000 7000; echo static-new 1; } | expect "a verb without a baseline" 1 'static-new .*grew'
counts 10000 311501 7000 >"$work/baseline"
counts 10000 311501 7000 | expect "a hit beyond its budget" 1 'at most 311500.*which it is not'

[ "$failed" = 0 ] && echo "benches/run notices growth, other toolchains, and verbs that are missing"
