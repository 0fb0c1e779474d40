//! What a caller's own token could get, by which rule, what is missing, and whom to ask. Nothing is issued.

use crate::basis::clock::Timestamp;
use crate::broker::desk::Desk;
use crate::broker::desk::caller::Caller;
use crate::broker::desk::exchange::Refused;
use crate::broker::desk::request::Request;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::issued::Holder;
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::{Kind, Subject};
use crate::broker::policy::explain::{Explanation, Outcome, explain};
use crate::broker::settings::{Grants, Host, HostTerms};
use crate::broker::trail::Record;
use serde_json::{Value, json};

impl Desk {
    /// About the resource or host that the request names; without one, about every host as a whole.
    pub async fn explain(&self, caller: &Caller, request: Result<Request, Refusal>) -> Result<Value, Refused> {
        let now = self.clock.now();
        let mut record = caller.record("explain", now.rfc3339());
        let told = match request {
            Ok(request) => self.told(&mut record, &request, now).await,
            Err(refusal) => Err(refusal),
        };
        record.outcome = told.as_ref().map_or_else(|refusal| refusal.name().to_owned(), |_| "ok".to_owned());
        record.reason = told.as_ref().err().map(Refusal::description);
        let digest = record.policy.clone();
        self.recorded(record).await?;
        told.map_err(|refusal| Refused { refusal, digest })
    }

    async fn told(&self, record: &mut Record, request: &Request, now: Timestamp) -> Result<Value, Refusal> {
        let subject = self.identified(record, request, now).await?;
        let policy = self.policy.current(now)?;
        record.policy = Some(policy.digest().to_owned());
        let mut answers = Vec::new();
        for request in self.each(request) {
            let (ask, host) = request.ask(&self.settings.hosts)?;
            record.resource = Some(ask.resource.to_string());
            let groups = self.groups(&policy, &subject, &ask, now).await?;
            let explanation = explain(&policy, &subject, groups.as_deref(), &ask, now);
            answers.push(self.answer(&explanation, &subject, host).await);
        }
        Ok(json!({
            "subject": { "key": record.subject, "name": record.name, "kind": record.kind, "issuer": record.issuer },
            "policy_digest": record.policy,
            "answers": answers,
        }))
    }

    fn each(&self, request: &Request) -> Vec<Request> {
        if request.resource.is_some() || request.audience.is_some() {
            return vec![request.clone()];
        }
        let of_host = |host: &Host| Request { audience: Some(host.url.to_string()), ..request.clone() };
        self.settings.hosts.iter().map(of_host).collect()
    }

    /// What the policy says, and whether the person has to connect first.
    async fn answer(&self, explanation: &Explanation, subject: &Subject, host: &Host) -> Value {
        let mut answer = json!(explanation);
        if let Outcome::Granted { right, service_user: None, .. } = explanation.outcome
            && host.by_grant()
            && !self.is_connected(subject, host, right).await
        {
            answer["connect_uri"] = self.connect_url(host, right).into();
        }
        answer
    }

    /// Whether there is a grant; nobody is asked but the store. Where it does not answer, nobody is sent anywhere.
    async fn is_connected(&self, subject: &Subject, host: &Host, right: Right) -> bool {
        let (Kind::Person, Some(tid)) = (subject.kind, subject.tid.clone()) else { return true };
        // Where helpers have the grants themselves, only they know.
        if matches!(&host.terms, HostTerms::Cloud(cloud) if cloud.grants == Grants::Sealed) {
            return true;
        }
        let holder = Holder::Person { tid, oid: subject.id.clone() };
        let url = host.url.to_string();
        let grants = self.store.grants_of(&holder).await;
        grants.map_or(true, |grants| grants.iter().any(|(key, _)| key.host == url && key.right == right))
    }

    /// The groups of a caller whose token leaves them out, as far as they matter.
    pub(super) async fn groups(
        &self,
        policy: &crate::broker::policy::Policy,
        subject: &Subject,
        ask: &Ask,
        now: Timestamp,
    ) -> Result<Option<Vec<String>>, Refusal> {
        match policy.groups_to_ask(subject, ask).as_slice() {
            [] => Ok(None),
            candidates => self.issuers.member_of(subject, candidates, now).await.map(Some),
        }
    }
}
