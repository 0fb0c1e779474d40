//! `[[rule]]`.

use super::Work;
use super::ceiling::patterns;
use super::fields::Fields;
use super::grants::right;
use super::{binding, when};
use crate::broker::ground::ask::StepUp;
use crate::broker::ground::subject::Kind;
use crate::broker::policy::model::Rule;

/// Reads one; `None` if it is not complete, which is reported. What it has to do with the ceiling and with hosts is for
/// [`grants`](super::grants).
pub(super) fn read(fields: &Fields<'_, '_>, work: &Work<'_>) -> Option<Rule> {
    fields.only(KEYS);
    let who = kind(fields);
    let issuer = who.and_then(|who| issuer(fields, Some(who), work));
    let when = when::read(fields, who, work);
    if let (Some(who), Some(when), Some(issuer)) = (who, &when, &issuer) {
        binding::check(fields, who, issuer, when, work);
    }
    let resources = resources(fields, work);
    let (right, life) = (right(fields), fields.duration("life"));
    if fields.item("life").is_none() {
        fields.missing("life", "say how long a token lives, such as \"30m\"");
    }
    let account_wide = fields.word("reach", &["account"]).is_some();
    let service_user = service_user(fields, work);
    let step_up = step_up(fields, who);
    let enforced = fields.word("mode", &["enforce", "audit"]) != Some("audit");
    let contact = fields.text("contact").map(str::to_owned);
    Some(Rule {
        id: fields.id.clone()?,
        who: who?,
        issuer: issuer?,
        when: when?,
        resources: resources?,
        right: right?,
        life: life?,
        account_wide,
        service_user,
        step_up,
        enforced,
        contact,
    })
}

/// `who`, which is mandatory in rules.
pub(super) fn kind(fields: &Fields<'_, '_>) -> Option<Kind> {
    let words: Vec<String> = KINDS.iter().map(Kind::to_string).collect();
    let known: Vec<&str> = words.iter().map(String::as_str).collect();
    if fields.item("who").is_none() {
        fields.missing("who", &format!("one of {}", known.join(", ")));
    }
    let word = fields.word("who", &known)?;
    KINDS.into_iter().find(|kind| kind.to_string() == word)
}

/// `issuer`, which can be left out where only one fits.
pub(super) fn issuer(fields: &Fields<'_, '_>, who: Option<Kind>, work: &Work<'_>) -> Option<String> {
    let fits: Vec<&str> = match who {
        Some(who) => work.around.issuers_of(who).map(|issuer| issuer.name.as_str()).collect(),
        None => work.around.issuers.iter().map(|issuer| issuer.name.as_str()).collect(),
    };
    let whom = who.map_or("anybody".to_owned(), |who| format!("`{who}`"));
    match (fields.item("issuer"), fits.as_slice()) {
        (Some(_), _) => {
            let name = fields.text("issuer")?;
            let found = fits.contains(&name);
            if !found {
                fields.unknown(
                    fields.place("issuer"),
                    &format!("no issuer that vouches for {whom} is called"),
                    name,
                    fits,
                );
            }
            found.then(|| name.to_owned())
        }
        (None, [only]) => Some((*only).to_owned()),
        (None, []) => {
            fields.wrong(
                fields.place("who"),
                format!("no configured issuer vouches for {whom}"),
                "add an [[issuer]] to broker.toml",
            );
            None
        }
        (None, several) => {
            fields.missing("issuer", &format!("several vouch for {whom}: {}", several.join(", ")));
            None
        }
    }
}

fn resources(fields: &Fields<'_, '_>, work: &Work<'_>) -> Option<Vec<crate::broker::policy::pattern::Pattern>> {
    let resources = patterns(fields, "resources", work);
    if fields.item("resources").is_none() {
        fields.missing("resources", "say where it grants, such as \"bitbucket.org/acme/*\"");
    } else if fields.texts("resources").is_some_and(|texts| texts.is_empty()) {
        fields.wrong(fields.place("resources"), "`resources` is empty", "the rule could never match");
    }
    resources
}

/// The name and its host's position, if one is named. What is unknown is reported.
fn service_user(fields: &Fields<'_, '_>, work: &Work<'_>) -> Option<(String, usize)> {
    let name = fields.text("service_user")?;
    let known = &work.around.service_users;
    let Some(user) = known.iter().find(|user| user.name == name) else {
        let names = known.iter().map(|user| user.name.as_str());
        fields.unknown(fields.place("service_user"), "no [[service_user]] of broker.toml is called", name, names);
        return None;
    };
    let host = work.around.hosts.iter().position(|host| host.url == user.host);
    if host.is_none() {
        let what = format!("the host of `{name}` is not configured");
        fields.wrong(fields.place("service_user"), what, user.host.to_string());
    }
    Some((name.to_owned(), host?))
}

fn step_up(fields: &Fields<'_, '_>, who: Option<Kind>) -> StepUp {
    let max_age = fields.duration("token_age");
    let acrs = fields.text("acrs").map(str::to_owned);
    if let Some(bad) = acrs.as_ref().filter(|acrs| !is_context(acrs)) {
        fields.wrong(
            fields.place("acrs"),
            format!("`acrs` is no authentication context: `{bad}`"),
            "Entra has `c1` to `c99`",
        );
    }
    for key in ["token_age", "acrs"] {
        if fields.item(key).is_some() && who.is_some_and(|who| who != Kind::Person) {
            fields.wrong(fields.place(key), format!("`{key}` asks for a sign-in"), "only a person can sign in again");
        }
    }
    StepUp { acrs, max_age }
}

fn is_context(text: &str) -> bool {
    let number = text.strip_prefix('c').unwrap_or_default();
    matches!(number.parse::<u8>(), Ok(1..=99)) && !number.starts_with(['0', '+'])
}

pub(super) const KINDS: [Kind; 6] =
    [Kind::Person, Kind::App, Kind::Pipelines, Kind::GithubActions, Kind::Gitlab, Kind::Kubernetes];

const KEYS: &[&str] = &[
    "id",
    "who",
    "issuer",
    "when",
    "everyone",
    "resources",
    "right",
    "life",
    "reach",
    "service_user",
    "token_age",
    "acrs",
    "mode",
    "contact",
];
