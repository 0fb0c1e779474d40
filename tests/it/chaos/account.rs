//! The account of a storm: what happened in a round, what that excuses, and what nothing excuses.

use crate::practice::codec::value;
use crate::practice::journal::Entry;
use bitbucket_sso::basis::digest;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What was done to the helper in one round.
#[derive(Debug, Default)]
pub struct Round {
    /// All Entra sessions were revoked: everything of the account ends.
    pub revoked: bool,
    /// Hosts that somebody signed out of.
    pub left: Vec<&'static str>,
    pub erased: usize,
    /// Servers one of whose answers is cut in half; their journal takes it for sent.
    pub cut: Vec<&'static str>,
    /// Processes that ended by a signal.
    pub deaths: usize,
}

/// What a whole storm came to.
#[derive(Debug, Default)]
#[allow(dead_code, reason = "printed")]
pub struct Counts {
    pub rounds: usize,
    pub processes: usize,
    pub died: usize,
    pub revocations: usize,
    pub sign_ins: usize,
    pub refreshes: usize,
    pub lost_answers: usize,
    /// Visits to Data Center that a death or a lost answer after its commit made necessary.
    pub lost_data_center_grants: usize,
    pub lines: usize,
}

impl Round {
    /// Whether a person may be needed for this host; everything else is a lost session. `before` is what the servers
    /// saw until then.
    pub fn excuse(&self, host: &str, before: &[Entry], said: &str, counts: &mut Counts) {
        if self.revoked || self.left.contains(&host) {
            return;
        }
        assert_eq!(host, "datacenter", "lost: {said}");
        let committed = posts(before, "datacenter", "refresh_token").count();
        let lost = self.bad(before, "datacenter");
        assert!(committed > 0 && self.deaths + lost > 0, "a Data Center grant was lost without a reason: {said}");
        counts.lost_data_center_grants += 1;
        assert!(counts.lost_data_center_grants <= counts.died + counts.lost_answers + lost);
    }
}

impl Round {
    /// How many answers of a server were no use.
    fn bad(&self, entries: &[Entry], server: &'static str) -> usize {
        let cut = usize::from(self.cut.contains(&server));
        token_posts(entries, server).filter(|entry| entry.status != 200).count() + cut
    }
}

impl Counts {
    /// What must hold in every round: nobody spends a token twice, nobody asks more often than there is a reason to,
    /// and nobody is asked to sign in without one.
    pub fn check(&mut self, entries: &[Entry], round: &Round) {
        let bad = |server| round.bad(entries, server);
        let sign_ins = posts(entries, "entra", "authorization_code").filter(|entry| entry.status == 200).count();
        let signed_in = posts(entries, "entra", "authorization_code").count();
        assert!(sign_ins <= usize::from(round.revoked) * (1 + round.deaths + bad("entra")), "{sign_ins} sign-ins");
        for server in ["entra", "cloud", "datacenter"] {
            let repeated = repeated(entries, server);
            let reasons = round.deaths + bad(server);
            assert!(
                repeated <= reasons,
                "{server}: a token was sent {repeated} times too often, for {reasons} reasons"
            );
        }
        // One for each of three scopes, and again after a new sign-in.
        let refreshes = posts(entries, "entra", "refresh_token").count();
        let most = SCOPES * (1 + signed_in) + round.deaths + bad("entra");
        assert!(refreshes <= most, "{refreshes} refreshes at Entra, at most {most}");
        for server in ["cloud", "datacenter", "broker"] {
            let asked = token_posts(entries, server).count();
            let again = signed_in + 2 * round.left.len() + round.deaths + round.erased;
            let most = 1 + again + bad(server);
            assert!(asked <= most, "{server} was asked {asked} times, at most {most}");
        }
        self.rounds += 1;
        self.revocations += usize::from(round.revoked);
        self.sign_ins += sign_ins;
        self.refreshes += ["entra", "cloud", "datacenter"]
            .map(|it| posts(entries, it, "refresh_token").count())
            .iter()
            .sum::<usize>();
        self.lost_answers += ["entra", "cloud", "datacenter", "broker"].map(bad).iter().sum::<usize>();
    }
}

/// Every line of the trail names the digest of the line before it; how many there are.
pub fn check_trail(state: &Path) -> usize {
    let text = fs::read_to_string(state.join("audit.jsonl")).unwrap();
    assert!(text.ends_with('\n'), "no torn end");
    let mut prev = "0".repeat(64);
    for (number, line) in text.lines().enumerate() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["prev"], prev, "line {} of the trail", number + 1);
        prev = digest::of(line.as_bytes());
    }
    text.lines().count()
}

/// How often a refresh token was sent that had been sent before.
fn repeated(entries: &[Entry], server: &'static str) -> usize {
    let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in posts(entries, server, "refresh_token") {
        *sent.entry(value(&entry.form, "refresh_token").unwrap_or_default()).or_default() += 1;
    }
    sent.values().map(|times| times - 1).sum()
}

fn posts<'a>(entries: &'a [Entry], server: &'static str, grant: &'static str) -> impl Iterator<Item = &'a Entry> {
    token_posts(entries, server).filter(move |entry| entry.grant_type.as_deref() == Some(grant))
}

fn token_posts<'a>(entries: &'a [Entry], server: &'static str) -> impl Iterator<Item = &'a Entry> {
    entries.iter().filter(move |entry| entry.server == server && entry.grant_type.is_some())
}

const SCOPES: usize = 3;
