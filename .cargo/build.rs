//! What the linker leaves out of a release on Linux, so that the helper stays small (DESIGN.md section 13).

#![allow(clippy::disallowed_methods, reason = "cargo speaks to a build script by variables")]

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=.cargo");
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    if !is("PROFILE", "release") || !is("CARGO_CFG_TARGET_OS", "linux") {
        return;
    }
    let here = var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // ARM is linked by rust-lld itself (installers/build), which takes no words for a compiler in front of it. What a hit
    // runs was listed on x86_64.
    if var("RUSTC_LINKER").is_ok_and(|linker| linker.ends_with("rust-lld")) {
        println!("cargo::rustc-link-arg-bin={HELPER}=--script={here}/.cargo/no-unwind.ld");
        return;
    }
    println!("cargo::rustc-link-arg-bin={HELPER}=-Wl,-T,{here}/.cargo/no-unwind.ld");
    if is("CARGO_CFG_TARGET_ENV", "musl") {
        println!("cargo::rustc-link-arg-bin={HELPER}=-Wl,-T,{here}/.cargo/hit.ld");
        // Relocations in a thirtieth of the room. glibc knows them only since 2.36; musl is part of the program.
        println!("cargo::rustc-link-arg-bin={HELPER}=-Wl,-z,pack-relative-relocs");
    }
    if is("CARGO_CFG_TARGET_ENV", "gnu") {
        // At a fixed address, as the shipped build: the loader has 6,400 addresses less to relocate. `RUSTFLAGS` would
        // hold for procedural macros too, which cannot be built so.
        println!("cargo::rustc-link-arg-bin={HELPER}=-no-pie");
    }
}

/// The broker is a server: it stays where the loader puts it, and a panic of one request unwinds.
const HELPER: &str = "git-credential-bitbucket-sso";
