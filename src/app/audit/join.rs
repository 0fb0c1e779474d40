//! Which sign-in led to which token led to which push.
//!
//! A sign-in and a token belong together by Entra's own ids. A push names no token in any export of Atlassian's, so it
//! belongs to the newest token of its account that lived at that moment: that is inferred, and said so. A log that has
//! the SHA-256 of the token (a broker's or a proxy's) proves it.

use crate::app::audit::table::Record;
use crate::audit::Row;
use crate::basis::clock::Timestamp;
use serde::Serialize;

/// The result.
#[derive(Debug, Default, Serialize)]
pub struct Joined {
    /// Whether the trail itself can be believed; filled in by whoever has its key.
    pub trail: Standing,
    /// One for each token, in the order of the trail.
    pub tokens: Vec<Token>,
    /// Rows of Entra's export that no token came from.
    pub sign_ins_without_token: Vec<SignIn>,
    /// Rows of Bitbucket's export that no token explains.
    pub events_without_token: Vec<Push>,
}

/// What `audit verify` says of the trail that the rows come from.
#[derive(Debug, Default, Serialize)]
pub struct Standing {
    pub file: String,
    pub holds: bool,
    pub records: usize,
    pub head: Option<String>,
    pub flaws: Vec<String>,
}

/// One token handed out.
#[derive(Debug, Serialize)]
pub struct Token {
    pub minted: String,
    pub expires: String,
    pub user: String,
    pub host: String,
    pub token_sha256: String,
    /// `None`: Entra's export has no such sign-in.
    pub sign_in: Option<SignIn>,
    pub events: Vec<Push>,
}

/// A row of Entra's sign-in export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignIn {
    pub time: String,
    pub user: String,
    pub correlation: String,
    pub uti: String,
}

/// A row of Bitbucket's audit export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Push {
    pub time: String,
    pub actor: String,
    pub action: String,
    pub repository: String,
    /// Whether the log names the token.
    pub proven: bool,
    #[serde(skip)]
    token: String,
}

#[cfg(test)]
impl Push {
    /// One for samples of texts.
    pub fn sample(time: String, actor: &str, proven: bool) -> Self {
        let [actor, action, repository] = [actor, "repository:push", "acme/website"].map(str::to_owned);
        Self { time, actor, action, repository, proven, token: String::new() }
    }
}

/// Joins the three.
pub fn join(rows: &[Row], entra: &[Record], atlassian: &[Record]) -> Joined {
    let sign_ins: Vec<SignIn> = entra.iter().map(sign_in).collect();
    let mut used = vec![false; sign_ins.len()];
    let mints: Vec<&Row> = rows.iter().filter(|row| row.event == "mint").collect();
    let mut tokens = Vec::new();
    for mint in &mints {
        let at = sign_ins.iter().position(|sign_in| vouched(mint, sign_in));
        if let Some(used) = at.and_then(|at| used.get_mut(at)) {
            *used = true;
        }
        tokens.push(token(mint, at.and_then(|at| sign_ins.get(at)).cloned()));
    }
    // A sign-in may also be in the trail by itself.
    for (at, sign_in) in sign_ins.iter().enumerate() {
        let recorded = rows.iter().any(|row| row.event == "sign-in" && vouched(row, sign_in));
        let led = recorded && mints.iter().any(|mint| mint.expires.is_some() && same_session(rows, mint, sign_in));
        if let Some(used) = used.get_mut(at) {
            *used |= led;
        }
    }
    let mut events_without_token = Vec::new();
    for push in atlassian.iter().map(push) {
        match of_token(rows, &mints, &push).and_then(|at| tokens.get_mut(at)) {
            Some(token) => token.events.push(push),
            None => events_without_token.push(push),
        }
    }
    let unused = sign_ins.into_iter().zip(used).filter(|(_, used)| !used).map(|(sign_in, _)| sign_in);
    Joined { trail: Standing::default(), tokens, sign_ins_without_token: unused.collect(), events_without_token }
}

/// Whether a later token of the account came from the session that this sign-in began.
fn same_session(rows: &[Row], mint: &Row, sign_in: &SignIn) -> bool {
    let begun = rows.iter().find(|row| row.event == "sign-in" && vouched(row, sign_in));
    begun.is_some_and(|begun| {
        begun.oid == mint.oid && begun.time <= mint.time && begun.expires.as_ref().is_none_or(|end| mint.time <= *end)
    })
}

fn vouched(row: &Row, sign_in: &SignIn) -> bool {
    let same = |ours: &Option<String>, theirs: &str| {
        !theirs.is_empty() && ours.as_ref().is_some_and(|ours| ours.eq_ignore_ascii_case(theirs))
    };
    let exact = row.uti.as_deref().is_some_and(|uti| uti == sign_in.uti);
    exact || same(&row.correlation, &sign_in.correlation)
}

/// The token that a push was made with: by its digest, else the newest of the account that lived then.
fn of_token(rows: &[Row], mints: &[&Row], push: &Push) -> Option<usize> {
    if !push.token.is_empty() {
        return mints.iter().position(|mint| mint.token_sha256.as_deref() == Some(&*push.token));
    }
    let at = moment(&push.time)?;
    let lived = |mint: &Row| {
        let from = moment(&mint.time).is_some_and(|from| from.0 <= at.0.saturating_add(SKEW));
        let to = mint.expires.as_deref().and_then(moment).is_some_and(|to| at.0 <= to.0.saturating_add(SKEW));
        from && to
    };
    mints.iter().rposition(|mint| lived(mint) && is_by(rows, mint, &push.actor))
}

/// Whether a name in Bitbucket's export is the account of the token: by name, or by the account bound to it.
fn is_by(rows: &[Row], mint: &Row, actor: &str) -> bool {
    let named = |name: &Option<String>| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(actor));
    let bound = |row: &&Row| row.event == "grant" && row.oid == mint.oid && row.host == mint.host;
    !actor.is_empty() && (named(&mint.user) || rows.iter().filter(bound).any(|row| named(&row.bitbucket_account)))
}

fn token(mint: &Row, sign_in: Option<SignIn>) -> Token {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Token {
        minted: mint.time.clone(),
        expires: text(&mint.expires),
        user: text(&mint.user),
        host: text(&mint.host),
        token_sha256: text(&mint.token_sha256),
        sign_in,
        events: Vec::new(),
    }
}

fn sign_in(row: &Record) -> SignIn {
    SignIn {
        time: row.first(&["createdDateTime", "date", "Date (UTC)", "TimeGenerated"]).to_owned(),
        user: row.first(&["userPrincipalName", "username", "user"]).to_owned(),
        correlation: row.first(&["correlationId", "propertiescorrelationId"]).to_owned(),
        uti: row.first(&["uniqueTokenIdentifier", "propertiesuniqueTokenIdentifier"]).to_owned(),
    }
}

fn push(row: &Record) -> Push {
    let token = row.first(&["tokenSha256"]).to_ascii_lowercase();
    Push {
        time: row.first(&["timestamp", "time", "date", "createdDate", "attributestime", "createdon"]).to_owned(),
        actor: row.first(&ACTORS).to_owned(),
        action: row.first(&["action", "attributesaction", "type.action", "auditType.action", "summary"]).to_owned(),
        repository: row.first(&["repository", "affectedObjects.name", "attributescontexttype", "target"]).to_owned(),
        proven: !token.is_empty(),
        token,
    }
}

/// RFC 3339, the same with a blank in it, or milliseconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    let milliseconds = || text.parse::<i64>().ok().map(|number| Timestamp(number / 1000));
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{}Z", text.replace(' ', "T")))).or_else(milliseconds)
}

const ACTORS: [&str; 8] = [
    "actor.email",
    "author.email",
    "attributes.actor.email",
    "actor.name",
    "author.name",
    "attributes.actor.name",
    "user",
    "actor",
];

/// Seconds that clocks may differ.
const SKEW: i64 = 120;

#[cfg(test)]
mod tests;
