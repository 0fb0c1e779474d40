use super::*;
use crate::audit::JournalError;
use crate::flight::{FlightError, Notice};
use crate::git::answer::AnswerError;
use crate::git::request::RequestError;
use crate::net::{Flaw, NetError};
use crate::ui::UiError;
use crate::vault::VaultError;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;

pub(super) fn tell(book: &mut Book) {
    for (name, failure) in failures(&wanted(&book.world, "exchange")) {
        book.fail(name, &failure);
    }
}

fn failures(broker: &Wanted<'_>) -> Vec<(&'static str, Failure)> {
    let state = || PathBuf::from("/home/alice/.local/state/bitbucket-sso");
    let notice = Notice { pid: 4711, doing: leader_in_browser(broker), until: NOON };
    let place = || "https://sso.example.com/oauth2/token".to_owned();
    let lock = FlightError::Broken { path: state().join("v1.lock"), why: "read-only file system".into() };
    let trail = JournalError { path: state().join("audit.jsonl"), why: "no space left on device".into() };
    let full = || Error::from(ErrorKind::StorageFull);
    vec![
        ("vault Missing", vault(&VaultError::Missing("no D-Bus session".into()))),
        ("vault Locked", vault(&VaultError::Locked)),
        ("vault TimedOut", vault(&VaultError::TimedOut(3))),
        ("vault Quota", vault(&VaultError::Quota)),
        ("vault Newer", vault(&VaultError::Newer)),
        ("vault Unsafe", vault(&VaultError::Unsafe(state(), "other users can open it"))),
        ("vault Broken", vault(&VaultError::Broken("the entry is damaged".into()))),
        ("flight Busy", flight(&FlightError::Busy(Some(notice)))),
        ("flight Busy silent", flight(&FlightError::Busy(None))),
        ("flight Broken", flight(&lock)),
        ("journal", journal(&trail)),
        ("net Unreachable", net(broker, &NetError::Unreachable { place: place(), why: "no route".into() })),
        ("net Proxy", net(broker, &NetError::Proxy { place: place(), why: "407".into() })),
        (
            "net Tls issuer",
            net(broker, &NetError::Tls { place: place(), flaw: Flaw::Issuer, why: "unknown issuer".into() }),
        ),
        ("net Tls dates", net(broker, &NetError::Tls { place: place(), flaw: Flaw::Dates, why: "expired".into() })),
        (
            "net Tls name",
            net(broker, &NetError::Tls { place: place(), flaw: Flaw::Name, why: "for other.example".into() }),
        ),
        (
            "net Tls other",
            net(broker, &NetError::Tls { place: place(), flaw: Flaw::Other, why: "handshake failure".into() }),
        ),
        ("net TimedOut", net(broker, &NetError::TimedOut { place: place(), after: Duration::from_secs(30) })),
        ("net TooLarge", net(broker, &NetError::TooLarge { place: place() })),
        ("net Trust", net(broker, &NetError::Trust { why: "/etc/ca.pem: no such file".into() })),
        ("request Unreadable", request(&RequestError::Unreadable(Error::from(ErrorKind::UnexpectedEof)))),
        ("request TooLarge", request(&RequestError::TooLarge)),
        ("request LongLine", request(&RequestError::LongLine { line: 3 })),
        ("request ControlByte", request(&RequestError::ControlByte { line: 3 })),
        ("request NoValue", request(&RequestError::NoValue { line: 3 })),
        ("request Duplicate", request(&RequestError::Duplicate { line: 3 })),
        ("request BadUrl", request(&RequestError::BadUrl { line: 3 })),
        ("request Blank", request(&RequestError::Blank("host"))),
        ("answer ControlByte", answer(&AnswerError::ControlByte("token"))),
        ("answer Unwritable", answer(&AnswerError::Unwritable(full()))),
        ("unprintable", unprintable(broker)),
        ("output", output(&full())),
        ("no_browser NoBrowser", no_browser(broker, &UiError::NoBrowser("firefox is not installed".into()))),
        ("no_browser Refused", no_browser(broker, &UiError::Refused)),
    ]
}
