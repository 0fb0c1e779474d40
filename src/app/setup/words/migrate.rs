//! What `setup --migrate` found and did: places, users, classes of length; never a secret.

use super::{clean, show};
use crate::app::setup::Blocked;
use crate::app::setup::migrate::{Found, Left, Undone, What, Wish};
use serde_json::{Value, json};

/// The table, what each kind means, and what to do next. Ends of `changed` are marked as done.
pub fn found(found: &[Found], changed: &[Found], wish: Wish, machine: bool) -> String {
    if machine {
        let rows: Vec<Value> = found.iter().map(|one| row(one, changed.contains(one))).collect();
        return format!("{:#}\n", json!({ "version": 1, "found": rows }));
    }
    if found.is_empty() {
        return "no stored Bitbucket password and no SSH address was found\n".to_owned();
    }
    let mut text = String::new();
    for one in found {
        text.push_str(&line(one, changed.contains(one)));
    }
    let mut kinds: Vec<What> = Vec::new();
    for one in found {
        if !kinds.contains(&one.what) {
            kinds.push(one.what);
        }
    }
    text.push('\n');
    for kind in kinds {
        text.extend([name(kind), ": ", meaning(kind), "\n"]);
    }
    text + next(found, changed, wish)
}

/// What `--undo` did.
pub fn undone(undone: &Undone, machine: bool, dry_run: bool) -> String {
    if machine {
        return format!(
            "{:#}\n",
            json!({ "version": 1, "restored": undone.done, "left": undone.left, "dry_run": dry_run })
        );
    }
    let verb = if dry_run { "would restore" } else { "restored" };
    let line = |verb: &str, one: &crate::app::setup::migrate::Rewritten| {
        format!("{verb} {}:{}: {}\n", show(&one.file), one.line, clean(&one.before))
    };
    let mut text: String = undone.done.iter().map(|one| line(verb, one)).collect();
    text.extend(undone.left.iter().map(|one| line("changed since, so left:", one)));
    if text.is_empty() { "nothing to take back\n".to_owned() } else { text }
}

/// What is asked before anything is changed.
pub fn migrate_question(wish: Wish) -> &'static str {
    match (wish.erase, wish.rewrite) {
        (true, true) => "rewrite the addresses, and erase the secrets? what is erased cannot be taken back [y/N]",
        (true, false) => "erase these secrets? this cannot be taken back [y/N]",
        _ => "rewrite these addresses? `--undo` takes it back [y/N]",
    }
}

fn line(one: &Found, done: bool) -> String {
    let place = if one.line == 0 { show(&one.place) } else { format!("{}:{}", show(&one.place), one.line) };
    let user = one.user.as_ref().map_or_else(String::new, |user| format!(", user {}", clean(user)));
    let length = one.length.map_or_else(String::new, |length| format!(", {} characters", length.name()));
    let outcome = match one.left {
        _ if done && one.what.is_secret() => "; erased",
        _ if done => "; rewritten",
        Some(left) => why(left),
        None => "",
    };
    format!("{place}\n    {} for {}{user}{length}{outcome}\n", name(one.what), clean(&one.host))
}

fn row(one: &Found, done: bool) -> Value {
    json!({
        "kind": one.what.name(),
        "place": one.place.to_string_lossy(),
        "line": if one.line == 0 { Value::Null } else { one.line.into() },
        "host": one.host,
        "user": one.user,
        "secret": one.what.is_secret(),
        "characters": one.length.map(crate::app::setup::migrate::Length::name),
        "left": one.left.map(|left| why(left).trim_start_matches([';', ' '])),
        "changed": done
    })
}

fn name(what: What) -> &'static str {
    match what {
        What::StoreLine => "password in a file of git's `store` helper",
        What::HelperEntry => "password kept by a helper of git",
        What::KeyringItem => "password in the keyring",
        What::ManagerFile => "credential of Git Credential Manager",
        What::Netrc => "password in .netrc",
        What::UrlPassword => "password in a URL",
        What::Header => "token in a header",
        What::SshRemote => "SSH address",
        What::SshBase => "https is turned into SSH",
    }
}

fn meaning(what: What) -> &'static str {
    match what {
        What::StoreLine => "anybody who reads the file has it; git uses it where no other helper answers",
        What::HelperEntry => "git uses it where no other helper answers",
        What::KeyringItem => "git uses it by its helper `libsecret`, or by Git Credential Manager",
        What::ManagerFile => {
            "only Git Credential Manager can erase it: printf 'protocol=https\\nhost=HOST\\n\\n' | git credential-manager erase"
        }
        What::Netrc => "curl and git send it by themselves, before any sign-in",
        What::UrlPassword => "git sends it, and shows it in messages and process lists, before any sign-in",
        What::Header => "git sends it with every request, whatever this helper answers",
        What::SshRemote => "git uses your SSH key there, not your sign-in",
        What::SshBase => "git never asks this helper for that host",
    }
}

fn why(left: Left) -> &'static str {
    match left {
        Left::Blocked(Blocked::ReadOnly) => "; left alone: the file is read-only or managed by another tool",
        Left::Blocked(Blocked::NotAFile) => "; left alone: it is no regular file",
        Left::Blocked(Blocked::OtherOwner) => "; left alone: the file belongs to another user",
        Left::Linked => "; left alone: the file is a symbolic link, change it where it comes from",
        Left::Unclear => "; left alone: this line is for its owner to change",
        Left::Foreign => "; left alone: it is another program's",
        Left::Locked => "; left alone: the keyring is locked; unlock it, then run this again",
    }
}

fn next(found: &[Found], changed: &[Found], wish: Wish) -> &'static str {
    let open = |secret: bool| {
        found.iter().any(|one| one.what.is_secret() == secret && one.left.is_none() && !changed.contains(one))
    };
    match (open(true), open(false)) {
        _ if wish.erase || wish.rewrite => "",
        (true, true) => {
            "\nnext: --erase erases the secrets for good, --apply rewrites the addresses; nothing was changed\n"
        }
        (true, false) => "\nnext: --erase erases the secrets for good; nothing was changed\n",
        (false, true) => "\nnext: --apply rewrites the addresses; nothing was changed\n",
        (false, false) => "",
    }
}
