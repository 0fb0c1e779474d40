#!/usr/bin/env bash
# Fuzzes what strangers send: tokens, requests, and policies. `tests/heavy/fuzz.sh [SECONDS [TARGET]]`, a minute each by
# default. libFuzzer, with the toolchain that everything is built with: neither nightly nor cargo-fuzz is needed. What
# it has learnt stays in target/fuzz/corpus for the next time; what breaks a target is put into target/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/../.."

MACHINE=x86_64-unknown-linux-gnu
WORK=${CARGO_TARGET_DIR:-$PWD/target}/fuzz

main() {
  seconds=${1:-60}
  build
  for target in ${2:-jwt policy request}; do
    run "$target"
  done
}

# Not --locked: fuzz/Cargo.lock follows the product's. The same passes that cargo-fuzz asks for. Build scripts and macros
# are not instrumented, because a target is named.
build() {
  coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
  for part in inline-8bit-counters pc-table trace-compares; do
    coverage="$coverage -Cllvm-args=-sanitizer-coverage-$part"
  done
  RUSTFLAGS="--cfg fuzzing $coverage -Ccodegen-units=1 -Cdebug-assertions=on -Coverflow-checks=on" \
    CARGO_TARGET_DIR=$WORK \
    cargo build --quiet --release --manifest-path fuzz/Cargo.toml --target $MACHINE
}

run() {
  mkdir -p "$WORK/corpus/$1" "$WORK/artifacts/$1"
  log=$WORK/$1.log
  # A policy of a few kilobytes takes milliseconds; ten seconds are an attack.
  "$WORK/$MACHINE/release/$1" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$WORK/artifacts/$1/" "$WORK/corpus/$1" "fuzz/seeds/$1" >"$log" 2>&1 || {
    grep -v '^#' "$log" | tail -n 60 >&2
    exit 1
  }
  executions=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  echo "$1: $executions executions in $seconds s, $edges edges, no finding"
  # A target that sees nothing of what it calls proves nothing.
  [ "$edges" -gt 500 ]
}

main "$@"
