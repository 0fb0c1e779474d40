use super::*;

pub(super) fn tell(book: &mut Book) {
    let told = |sample: &Seen<'_>| {
        let (summary, command) = seen(sample);
        let name = format!("{sample:?}");
        let name = name.split(['(', ' ']).next().unwrap_or_default().to_owned();
        (format!("seen {name}"), format!("{summary}\n  do this: {command}"))
    };
    for (name, text) in samples().iter().map(told) {
        assert!(!text.ends_with('.') && !text.contains(".\n"), "{text}");
        book.say(&name, text);
    }
    for why in [
        Because::Configured,
        Because::Container,
        Because::KeyringAnswers,
        Because::OnlyKernel,
        Because::OnlyMemory,
        Because::Nothing,
    ] {
        book.say(&format!("because {why:?}"), because(why));
    }
}

fn samples() -> Vec<Seen<'static>> {
    let state = Path::new("/home/alice/.local/state/bitbucket-sso");
    let full = "No space left on device (os error 28)";
    vec![
        Seen::Configured,
        Seen::GitOld,
        Seen::GitFound,
        Seen::StateUnmakable(state, "Read-only file system (os error 30)"),
        Seen::StateUnwritable(state, full),
        Seen::StateUnlockable(state, "Operation not supported (os error 95)"),
        Seen::StateNearlyFull(state),
        Seen::StateFine(state),
        Seen::StorageNowhere,
        Seen::StorageWorks,
        Seen::KernelNotInContainers,
        Seen::KernelWorks,
        Seen::KernelBroken("the kernel keyring has no room left"),
        Seen::NoAccount,
        Seen::WouldSignIn("browser", "a display is there"),
        Seen::NobodyToAsk("CI=true is set"),
        Seen::Offline,
        Seen::NoProxy,
        Seen::Proxy,
        Seen::TenantValid,
        Seen::ClockAgrees,
        Seen::ClockDrifts,
        Seen::ClockWrong,
        Seen::Reached,
        Seen::SignedIn,
        Seen::SignedOut,
        Seen::ConsentNeeded("https://bitbucket.org"),
        Seen::GrantThere,
        Seen::Ruled,
        Seen::TrailHolds,
        Seen::TrailBroken,
        Seen::SamlUnreachable("login.microsoftonline.com cannot be reached: connection refused"),
        Seen::SamlNoMetadata,
        Seen::SamlNoCertificate,
        Seen::SamlOver,
        Seen::SamlNotYet,
        Seen::SamlEnds,
        Seen::SamlLasts,
        Seen::Closed(state),
        Seen::NotClosed(state, "Operation not permitted (os error 1)"),
        Seen::SetUpAgain,
    ]
}
