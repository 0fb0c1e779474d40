//! `cargo run --example demo`: the main job, for real, without a tenant. Practice servers for Entra and Bitbucket
//! run inside this process; git, TLS, the helper and the sign-in are the real ones. Nothing stays behind.

#![allow(clippy::disallowed_methods, reason = "the demonstration is the world that the product is handed")]

#[cfg(target_os = "linux")]
#[path = "../practice/mod.rs"]
mod practice;

#[cfg(all(target_os = "linux", feature = "broker"))]
mod broker;
#[cfg(target_os = "linux")]
mod casting;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(target_os = "linux")]
mod interrupt;
#[cfg(target_os = "linux")]
mod leftovers;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod person;
#[cfg(target_os = "linux")]
mod play;
#[cfg(target_os = "linux")]
mod shell;
#[cfg(target_os = "linux")]
mod show;
#[cfg(target_os = "linux")]
mod stage;

/// Elsewhere the helper keeps tokens in the system's keychain, which is not to be touched for a demonstration.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::print_stderr, reason = "the only words of this program here")]
fn main() -> std::process::ExitCode {
    eprintln!("demo: it runs on Linux (WSL too): elsewhere the helper would use your own keychain");
    std::process::ExitCode::from(1)
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, line] = words.as_slice()
        && first == shell::WITHOUT_TERMINAL
    {
        return shell::without_terminal(line);
    }
    match options::read(&words) {
        Ok(options::Wish::Help) => show::say(&options::usage()),
        Ok(options::Wish::Play(options)) => ExitCode::from(perform(options)),
        Err(mistake) => {
            show::complain(&format!("{mistake}\n\n{}", options::usage()));
            ExitCode::from(2)
        }
    }
}

/// Plays, and cleans up whatever happens. The exit code: 0, 1 if something failed, 130 if interrupted.
#[cfg(target_os = "linux")]
fn perform(options: options::Options) -> u8 {
    let interrupt = interrupt::Interrupt::catch();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play::play(options, &interrupt)));
    match outcome {
        _ if interrupt.came() => {
            _ = show::say("");
            show::complain("interrupted; nothing was left behind");
            130
        }
        Ok(Ok(())) => 0,
        Ok(Err(trouble)) => {
            show::complain(&trouble);
            1
        }
        // The panic has spoken for itself.
        Err(_) => 1,
    }
}
