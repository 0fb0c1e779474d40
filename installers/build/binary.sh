# shellcheck shell=bash disable=SC2153,SC2154
# The program of one target, with the list of its crates inside (cargo auditable), without a path of this machine.

binary() { # TARGET
  local given file
  file=$(program "$1")
  mkdir -p "${file%/*}"
  for given in "${BINARIES[@]}"; do
    if [ "${given%%=*}" = "$1" ]; then
      install -m 755 "${given#*=}" "$file"
      return
    fi
  done
  compiler "$1"
  compile "$1"
  install -m 755 "$(target_dir)/$1/release/${file##*/}" "$file"
  no_local_path "$file"
}

# Where the program of a target lies for packing; not there if it could not be built.
program() { # TARGET
  case $1 in
    *-windows-*) printf '%s' "$WORK/bin/$1/$NAME.exe" ;;
    *) printf '%s' "$WORK/bin/$1/$NAME" ;;
  esac
}

needs_program() { # TARGET
  [ -e "$(program "$1")" ] || cannot "there is no program for $1"
}

# `ring` has C and assembly code, so each target needs a C compiler besides Rust's standard library.
compiler() { # TARGET
  case $1 in
    *-apple-darwin)
      [ "$(uname -s)" = Darwin ] ||
        cannot "Apple's frameworks are linked on a Mac only; build it there, then --binary $1=FILE"
      ;;
    x86_64-unknown-linux-musl) need musl-gcc "apt install musl-tools" ;;
    aarch64-unknown-linux-musl)
      need aarch64-linux-gnu-gcc "apt install gcc-aarch64-linux-gnu"
      # rust-lld comes with Rust and needs no sysroot of that architecture.
      export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
      export CC_aarch64_unknown_linux_musl=aarch64-linux-gnu-gcc AR_aarch64_unknown_linux_musl=aarch64-linux-gnu-ar
      ;;
    x86_64-pc-windows-gnu) need x86_64-w64-mingw32-gcc "apt install gcc-mingw-w64-x86-64" ;;
  esac
  need cargo "https://rustup.rs"
  need cargo-auditable "cargo install --locked cargo-auditable"
  [ -d "$(rustc --print target-libdir --target "$1")" ] || cannot "no standard library: rustup target add $1"
}

# Flags of a target are added to those of .cargo/config.toml; flags in the environment would take their place.
compile() { # TARGET
  local flags
  flags=$(printf -- "'--remap-path-prefix=%s=%s'," "$ROOT" /source "${CARGO_HOME:-$HOME/.cargo}" /cargo \
    "$(target_dir)" /target)
  (
    cd "$ROOT" || exit
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    CARGO_INCREMENTAL=0 cargo auditable build --locked --quiet --release --target "$1" --bin "$NAME" \
      --config "target.$1.rustflags=[${flags%,}]"
  )
}

target_dir() {
  printf '%s' "${CARGO_TARGET_DIR:-$ROOT/target}"
}

no_local_path() { # FILE
  if grep -aqF -e "$ROOT/" -e "${CARGO_HOME:-$HOME/.cargo}/" -e "$(target_dir)/" "$1"; then
    printf '%s holds a path of this machine\n' "${1##*/}" >&2
    return 1
  fi
}
