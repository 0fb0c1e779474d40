//! One request for a token, read top to bottom: who, may they, how often, the token, the record, the answer.

use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::basis::secret::{RefreshToken, SecretBytes};
use crate::broker::desk::Desk;
use crate::broker::desk::caller::Caller;
use crate::broker::desk::issue::Handed;
use crate::broker::desk::request::Request;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::issued::Issued;
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::Subject;
use crate::broker::policy::{Permit, Verdict};
use crate::broker::settings::Host;
use crate::broker::trail::Record;
use std::time::Duration;

/// What is handed out, and on what it rests.
#[derive(Clone, Debug)]
pub struct Granted {
    pub issued: Issued,
    pub life: Duration,
    pub scope: String,
    /// The deciding rule.
    pub rule: Option<String>,
    pub digest: String,
    /// The person's grant, sealed for their helper to bring again.
    pub sealed: Option<SecretBytes>,
}

/// Why not, and by which policy if it came to that.
#[derive(Clone, Debug)]
pub struct Refused {
    pub refusal: Refusal,
    pub digest: Option<String>,
}

/// What the policy allows whom.
pub struct Decided<'a> {
    pub subject: Subject,
    pub ask: Ask,
    pub host: &'a Host,
    pub permit: Permit,
    pub rule: Option<String>,
    pub digest: String,
    /// The sealed grant that came with the request.
    pub brought: Option<RefreshToken>,
}

impl Desk {
    /// A token, or why there is none. Either way the record is on the disk when this returns; where it cannot be
    /// written, nothing is handed out.
    pub async fn exchange(
        &self,
        caller: &Caller,
        event: &'static str,
        request: Result<Request, Refusal>,
    ) -> Result<Granted, Refused> {
        let now = self.clock.now();
        let mut record = caller.record(event, now.rfc3339());
        let outcome = match request {
            Ok(request) => self.granted(&mut record, &request, now).await,
            Err(refusal) => Err(refusal),
        };
        let refusal = outcome.as_ref().err();
        record.outcome = refusal.map_or("ok", Refusal::name).to_owned();
        record.reason = refusal.map(Refusal::description).or(record.reason);
        let rule = record.rules.first().map_or("", String::as_str);
        self.metrics.count("broker_decisions_total", &[("rule", rule), ("outcome", &record.outcome)]);
        let digest = record.policy.clone();
        self.recorded(record).await?;
        outcome.map_err(|refusal| Refused { refusal, digest })
    }

    /// Has the record on the disk.
    pub(super) async fn recorded(&self, record: Record) -> Result<(), Refused> {
        let closed = |_| Refused { refusal: unavailable("the record cannot be written"), digest: None };
        self.trail.record(record).await.map_err(closed)
    }

    async fn granted(&self, record: &mut Record, request: &Request, now: Timestamp) -> Result<Granted, Refusal> {
        let decided = self.decided(record, request, now).await?;
        if let (Some(quotas), Some(rule)) = (&self.rule_quotas, &decided.rule) {
            quotas.take(rule, now).map_err(|after| Refusal::SlowDown { after })?;
        }
        let Handed { issued, right, sealed, narrowed } = self.issue(&decided, now).await?;
        let host_life = now.until(issued.expires).min(decided.life());
        if host_life.is_zero() {
            return Err(unavailable("Bitbucket's token is about to end"));
        }
        let scope = match issued.scopes.as_str() {
            "" => right.scope(decided.host.kind()).to_owned(),
            scopes => scopes.to_owned(),
        };
        record.reason = narrowed;
        record.granted = Some(scope.clone());
        record.seconds = Some(host_life.as_secs());
        record.token_sha256 = Some(digest::of(issued.token.expose().as_bytes()));
        record.token_id.clone_from(&issued.token_id);
        record.account.clone_from(&issued.account);
        record.again = issued.again;
        Ok(Granted { life: host_life, scope, rule: decided.rule, digest: decided.digest, issued, sealed })
    }

    /// Who asks and what they may have. Decided anew each time, above every cache.
    pub(super) async fn decided(
        &self,
        record: &mut Record,
        request: &Request,
        now: Timestamp,
    ) -> Result<Decided<'_>, Refusal> {
        let subject = self.identified(record, request, now).await?;
        record.resource = request.resource.as_deref().or(request.audience.as_deref()).map(crate::basis::text::clean);
        let (ask, host) = request.ask(&self.settings.hosts)?;
        let (asked, resource) = (ask.right.map(|right| right.to_string()), ask.resource.to_string());
        (record.asked, record.asked_seconds) = (asked, ask.life.map(|life| life.as_secs()));
        record.resource = Some(resource);
        let verdict = self.verdict(&subject, &ask, now).await?;
        note(record, &verdict);
        let Verdict { outcome, rules, digest, .. } = verdict;
        let (permit, brought) = (outcome?, request.brought.clone());
        Ok(Decided { permit, rule: rules.into_iter().next(), subject, ask, host, digest, brought })
    }

    /// The subject token, believed; and one decision of its subject's quota.
    pub(super) async fn identified(
        &self,
        record: &mut Record,
        request: &Request,
        now: Timestamp,
    ) -> Result<Subject, Refusal> {
        let token = &request.subject_token;
        record.subject_token_sha256 = Some(digest::of(token.expose().as_bytes()));
        let subject = self.issuers.identify(token, &request.subject_token_type, now).await?;
        let key = subject.key();
        let quota = self.quotas.take(&key, now);
        record.subject = Some(key);
        record.kind = Some(subject.kind.to_string());
        record.issuer = Some(subject.issuer.clone());
        record.name = Some(subject.name.clone());
        record.uti.clone_from(&subject.uti);
        record.client.clone_from(&subject.client);
        quota.map_err(|after| {
            self.metrics.count("broker_quota_refusals_total", &[]);
            Refusal::SlowDown { after }
        })?;
        Ok(subject)
    }

    /// What the policy says, with groups asked for where the token leaves them out and they matter.
    pub(super) async fn verdict(&self, subject: &Subject, ask: &Ask, now: Timestamp) -> Result<Verdict, Refusal> {
        let policy = self.policy.current(now)?;
        let groups = self.groups(&policy, subject, ask, now).await?;
        Ok(policy.decide(subject, groups.as_deref(), ask, now))
    }
}

impl Decided<'_> {
    /// The smallest of what policy, host and request say.
    pub fn life(&self) -> Duration {
        self.permit.life.min(self.host.max_life).min(self.asked_life().unwrap_or(Duration::MAX))
    }

    /// What was asked for, down to the next of few steps: each life has a token of its own, and whoever asks for every
    /// second of an hour would fill a repository of Data Center with tokens.
    fn asked_life(&self) -> Option<Duration> {
        let steps = || std::iter::successors(Some(MINUTE), |step| step.checked_mul(2));
        self.ask.life.map(|asked| steps().take_while(|step| *step <= asked).last().unwrap_or(asked))
    }

    /// Whose cached token serves: nobody else's, and no other right, policy or life.
    pub fn cache_key(&self, right: Right) -> String {
        let life = self.asked_life().map_or_else(String::new, |life| life.as_secs().to_string());
        let (subject, resource) = (self.subject.key(), self.ask.resource.name());
        digest::of_fields([subject.as_str(), &self.digest, &resource, &right.to_string(), &life])
    }
}

fn note(record: &mut Record, verdict: &Verdict) {
    record.rules.clone_from(&verdict.rules);
    record.audit_rules.clone_from(&verdict.audit_rules);
    record.held.clone_from(&verdict.held);
    record.failed.clone_from(&verdict.failed);
    record.policy = Some(verdict.digest.clone());
}

/// A part of the broker does not work.
pub(super) fn unavailable(reason: &str) -> Refusal {
    Refusal::Unavailable { reason: reason.to_owned(), after: Duration::from_secs(10) }
}

const MINUTE: Duration = Duration::from_secs(60);
