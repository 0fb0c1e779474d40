//! The token itself, from the back end that the host has.

use crate::basis::clock::Timestamp;
use crate::broker::cloud::CloudHost;
use crate::broker::cloud::permission::About;
use crate::broker::data_center::oauth::OAuthHost;
use crate::broker::data_center::{Repository, Wanted};
use crate::broker::desk::Desk;
use crate::broker::desk::exchange::Decided;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::issued::{Holder, IssueError, Issued};
use crate::broker::ground::right::Right;
use crate::broker::settings::{Cloud, Consumer, HostTerms, Tokens};
use std::time::Duration;

impl Desk {
    /// A token of no more than was decided, and the right that it has.
    pub(super) async fn issue(&self, decided: &Decided<'_>, now: Timestamp) -> Result<(Issued, Right), Refusal> {
        let host = decided.host.url.to_string();
        self.breakers.pass(&host, now).map_err(|after| Refusal::Unavailable {
            reason: format!("{host} has not answered lately; it is left alone for a while"),
            after,
        })?;
        let issued = match &decided.host.terms {
            HostTerms::Cloud(cloud) => self.of_cloud(decided, cloud, now).await,
            HostTerms::DataCenter(center) => match &center.tokens {
                Tokens::Minted { .. } => self.minted(decided, now).await,
                Tokens::OAuth { link } => self.of_link(decided, link, now).await,
            },
        };
        // What was there already says nothing about the host.
        match &issued {
            Ok((issued, _)) if issued.again => self.metrics.count("broker_tokens_total", &[("source", "kept")]),
            Ok(_) => self.metrics.count("broker_tokens_total", &[("source", "new")]),
            Err(_) => {}
        }
        if !issued.as_ref().is_ok_and(|(issued, _)| issued.again) {
            let silent = matches!(issued, Err(IssueError::Unavailable { .. }));
            self.breakers.report(&host, !silent, self.clock.now());
        }
        issued.map_err(|error| self.refusal(error, decided))
    }

    async fn minted(&self, decided: &Decided<'_>, now: Timestamp) -> Result<(Issued, Right), IssueError> {
        let url = decided.host.url.to_string();
        let center = self.centers.iter().find(|center| center.host() == url);
        let center = center.ok_or_else(|| IssueError::Misconfigured("no tokens are minted there".into()))?;
        let repository = decided.ask.resource.repository.clone();
        let (project, slug) = repository.ok_or_else(|| IssueError::NoTarget("name one repository".into()))?;
        let right = decided.permit.right;
        let wanted = Wanted {
            cache_key: decided.cache_key(right),
            subject: decided.subject.key(),
            repository: Repository { project, slug },
            right,
            until: now.after(decided.life()),
        };
        Ok((center.mint(wanted, now).await?, right))
    }

    async fn of_link(
        &self,
        decided: &Decided<'_>,
        link: &Consumer,
        now: Timestamp,
    ) -> Result<(Issued, Right), IssueError> {
        let redirect_uri = self.redirect_uri(decided.host);
        let (store, outward) = (&self.store, &self.outward);
        let host = OAuthHost { store, outward, host: decided.host, link, redirect_uri: &redirect_uri };
        let (right, until) = (decided.permit.right, now.after(decided.life()));
        Ok((host.issue(&holder(decided)?, right, until, now).await?, right))
    }

    /// A person's grant may do no more than the person may on Bitbucket itself.
    async fn of_cloud(
        &self,
        decided: &Decided<'_>,
        cloud: &Cloud,
        now: Timestamp,
    ) -> Result<(Issued, Right), IssueError> {
        let host = CloudHost { store: &self.store, outward: &self.outward, host: decided.host, cloud };
        let (holder, right) = (holder(decided)?, decided.permit.right);
        let until = now.after(decided.life());
        let issued = host.issue(&holder, right, until, now).await?;
        let (Holder::Person { .. }, Some(repository), true) =
            (&holder, &decided.ask.resource.repository, cloud.check_permission)
        else {
            return Ok((issued, right));
        };
        let about = About { holder: &holder, right, issued: &issued, repository };
        match host.check_permission(&self.permissions, about, now).await? {
            None => Err(IssueError::NotAllowed("your account has no access to this repository".into())),
            Some(own) if own >= right => Ok((issued, right)),
            Some(own) => Ok((host.issue(&holder, own, until, now).await?, own)),
        }
    }

    fn refusal(&self, error: IssueError, decided: &Decided<'_>) -> Refusal {
        match error {
            IssueError::NotConnected => match &decided.permit.service_user {
                None => Refusal::Connect { url: self.connect_url(decided.host, decided.permit.right) },
                Some(name) => Refusal::Denied {
                    reason: format!("the service user `{name}` is not connected to Bitbucket"),
                    contact: Some("the broker's administrator".into()),
                },
            },
            IssueError::NoTarget(why) => Refusal::Target(why),
            IssueError::NotAllowed(reason) => Refusal::Denied { reason, contact: None },
            IssueError::Throttled { after } => Refusal::SlowDown { after },
            IssueError::Unavailable { reason, after } => Refusal::Unavailable { reason, after },
            IssueError::Misconfigured(reason) => Refusal::Unavailable { reason, after: Duration::from_secs(300) },
        }
    }
}

/// Whose grant serves: the service user that the rule names, else the person's own; never another person's.
fn holder(decided: &Decided<'_>) -> Result<Holder, IssueError> {
    use crate::broker::ground::subject::Kind;
    match (&decided.permit.service_user, decided.subject.kind, &decided.subject.tid) {
        (Some(name), ..) => Ok(Holder::Service(name.clone())),
        (None, Kind::Person, Some(tid)) => Ok(Holder::Person { tid: tid.clone(), oid: decided.subject.id.clone() }),
        _ => Err(IssueError::Misconfigured("the rule names no service user for this workload".into())),
    }
}
