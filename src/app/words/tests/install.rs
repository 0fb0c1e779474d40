use super::*;
use crate::app::install::update::UpdateError;
use crate::app::install::{Fate, InstallError, Left, Placed};
use crate::net::NetError;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;

pub(super) fn tell(book: &mut Book) {
    let program = || PathBuf::from("/home/alice/.local/bin/git-credential-bitbucket-sso");
    let page = || PathBuf::from("/home/alice/.local/share/man/man1/git-credential-bitbucket-sso.1");
    let record = || PathBuf::from("/home/alice/.local/share/bitbucket-sso/installed.json");
    let full = || Error::from(ErrorKind::StorageFull);
    let errors = [
        ("install without a home", InstallError::NoHome),
        ("install unwritable", InstallError::Unwritable { path: program(), source: full() }),
        (
            "install unreadable",
            InstallError::Unreadable { path: program(), source: ErrorKind::PermissionDenied.into() },
        ),
        ("install with a broken record", InstallError::BrokenRecord { path: record() }),
        ("install without a record", InstallError::NoRecord { path: record() }),
    ];
    for (name, error) in errors {
        book.fail(name, &super::install(&error));
    }
    let place = || "https://get.example.com/latest".to_owned();
    let lost = NetError::Unreachable { place: place(), why: "connection refused".into() };
    let errors = [
        ("update without a place", UpdateError::NoPlace),
        ("update unreachable", UpdateError::Net(lost)),
        ("update status", UpdateError::Status { place: place(), status: 404 }),
        ("update nonsense", UpdateError::Nonsense { place: place() }),
    ];
    for (name, error) in errors {
        book.fail(name, &update(&error));
    }
    let file = |path, fate| Placed { path, fate };
    let files = [file(page(), Fate::New), file(program(), Fate::Replaced)];
    book.say("placed", placed(&files, false));
    book.say("placed dry run", placed(&files, true));
    book.say("placed again", placed(&[file(program(), Fate::Same)], false));
    book.say("newer_is_there", newer_is_there("9.0.0"));
    book.say("installed_next", installed_next(&program()));
    book.say("uninstalled", uninstalled(&[Left::Removed(program()), Left::Changed(page())]));
    book.say("offered", offered("https://get.example.com", "9.0.0", true));
    book.say("offered nothing newer", offered("https://get.example.com", "0.1.0", false));
}
