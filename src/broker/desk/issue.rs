//! The token itself, from the back end that the host has.

use crate::basis::clock::Timestamp;
use crate::basis::secret::SecretBytes;
use crate::broker::cloud::CloudHost;
use crate::broker::cloud::permission::About;
use crate::broker::data_center::oauth::OAuthHost;
use crate::broker::data_center::{Repository, Wanted};
use crate::broker::desk::Desk;
use crate::broker::desk::connect::pick_up;
use crate::broker::desk::exchange::Decided;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::issued::{Holder, IssueError, Issued};
use crate::broker::ground::right::Right;
use crate::broker::settings::{Cloud, Consumer, Grants, HostTerms, Tokens};
use std::time::Duration;

/// A token as a back end gave it.
pub struct Handed {
    pub issued: Issued,
    pub right: Right,
    /// The grant behind it, where the broker keeps none.
    pub sealed: Option<SecretBytes>,
    /// Why the right is smaller than what was decided.
    pub narrowed: Option<String>,
}

/// What an account may, and why it is less than what was decided.
struct Own {
    right: Right,
    why: String,
}

impl Desk {
    /// A token of no more than was decided, and the right that it has.
    pub(super) async fn issue(&self, decided: &Decided<'_>, now: Timestamp) -> Result<Handed, Refusal> {
        let host = decided.host.url.to_string();
        self.breakers.pass(&host, now).map_err(|after| Refusal::Unavailable {
            reason: format!("{host} has not answered lately; it is left alone for a while"),
            after,
        })?;
        // For which right somebody has to connect, where that is what is missing.
        let mut lacking = decided.permit.right;
        let issued = match &decided.host.terms {
            HostTerms::Cloud(cloud) => self.of_cloud(decided, cloud, &mut lacking, now).await,
            HostTerms::DataCenter(center) => match &center.tokens {
                Tokens::Minted { .. } => self.minted(decided, now).await,
                Tokens::OAuth { link } => self.of_link(decided, link, now).await,
            },
        };
        // What was there already says nothing about the host.
        match &issued {
            Ok(handed) if handed.issued.again => self.metrics.count("broker_tokens_total", &[("source", "kept")]),
            Ok(_) => self.metrics.count("broker_tokens_total", &[("source", "new")]),
            Err(_) => {}
        }
        let unasked = matches!(issued, Err(IssueError::Later { .. }));
        if !unasked && !issued.as_ref().is_ok_and(|handed| handed.issued.again) {
            let silent = matches!(issued, Err(IssueError::Unavailable { .. }));
            self.breakers.report(&host, &decided.subject.key(), !silent, self.clock.now());
        }
        issued.map_err(|error| self.refusal(error, decided, lacking))
    }

    async fn minted(&self, decided: &Decided<'_>, now: Timestamp) -> Result<Handed, IssueError> {
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
        Ok(Handed::kept(center.mint(wanted, now).await?, right))
    }

    async fn of_link(&self, decided: &Decided<'_>, link: &Consumer, now: Timestamp) -> Result<Handed, IssueError> {
        let redirect_uri = self.redirect_uri(decided.host);
        let (store, outward) = (&self.store, &self.outward);
        let host = OAuthHost { store, outward, host: decided.host, link, redirect_uri: &redirect_uri };
        let (right, until) = (decided.permit.right, now.after(decided.life()));
        Ok(Handed::kept(host.issue(&holder(decided)?, right, until, now).await?, right))
    }

    /// A person's grant may do no more than the person may on Bitbucket itself.
    async fn of_cloud(
        &self,
        decided: &Decided<'_>,
        cloud: &Cloud,
        lacking: &mut Right,
        now: Timestamp,
    ) -> Result<Handed, IssueError> {
        let host = CloudHost { store: &self.store, outward: &self.outward, host: decided.host, cloud };
        let (holder, right) = (holder(decided)?, decided.permit.right);
        let until = now.after(decided.life());
        let is_person = matches!(holder, Holder::Person { .. });
        let handed = if is_person && cloud.grants == Grants::Sealed {
            self.brought(&host, &holder, decided, (until, now)).await?
        } else {
            Handed::kept(host.issue(&holder, right, until, now).await?, right)
        };
        let own = self.own_right(&host, &holder, decided, &handed.issued, now).await?;
        if own.right >= right {
            return Ok(handed);
        }
        // The helper has brought one grant only, and without a consumer for it there is no other.
        if handed.sealed.is_some() || cloud.read.is_none() {
            return Err(IssueError::NotAllowed(format!("{}: ask for {}", own.why, own.right)));
        }
        *lacking = own.right;
        let issued = host.issue(&holder, own.right, until, now).await?;
        Ok(Handed { narrowed: Some(own.why), ..Handed::kept(issued, own.right) })
    }

    /// No more than the person may on Bitbucket itself; and only to read where a token that writes would also write to
    /// what is protected, because its account may.
    async fn own_right(
        &self,
        host: &CloudHost<'_>,
        holder: &Holder,
        decided: &Decided<'_>,
        issued: &Issued,
        now: Timestamp,
    ) -> Result<Own, IssueError> {
        let right = decided.permit.right;
        let is_person = matches!(holder, Holder::Person { .. });
        if let (true, Some(repository), true) =
            (is_person, &decided.ask.resource.repository, host.cloud.check_permission)
        {
            let about = About { holder, right, issued, repository };
            let own = host.check_permission(&self.permissions, about, now).await?;
            let none = || IssueError::NotAllowed("your account has no access to this repository".into());
            let own = own.ok_or_else(none)?;
            if own < right {
                return Ok(Own { right: own, why: format!("the account may only {own} there") });
            }
        }
        let protected = host.writes_to(&self.permissions, (holder, issued), &decided.permit.protected, now).await?;
        Ok(match protected {
            None => Own { right, why: String::new() },
            Some((workspace, name)) => {
                let name = name.as_deref().unwrap_or("*");
                let why = format!("the account may write to `{workspace}/{name}`, which is protected");
                Own { right: Right::Read, why }
            }
        })
    }

    /// By the grant that the helper has, or by one that waits for it since its person has connected.
    async fn brought(
        &self,
        host: &CloudHost<'_>,
        holder: &Holder,
        decided: &Decided<'_>,
        times: (Timestamp, Timestamp),
    ) -> Result<Handed, IssueError> {
        let right = decided.permit.right;
        let key = host.key(holder, right);
        let waiting = pick_up(&self.store, &self.sealer, &key, times.1).await?;
        let sealed = match (&waiting, &decided.brought) {
            (Some(waiting), _) => std::str::from_utf8(waiting.expose()).map_err(|_| IssueError::NotConnected)?,
            (None, Some(brought)) => brought.expose(),
            (None, None) => return Err(IssueError::NotConnected),
        };
        let (issued, sealed) = host.issue_sealed(&self.sealer, &key, sealed, times).await?;
        Ok(Handed { sealed: Some(sealed), ..Handed::kept(issued, right) })
    }

    fn refusal(&self, error: IssueError, decided: &Decided<'_>, lacking: Right) -> Refusal {
        match error {
            IssueError::NotConnected => match &decided.permit.service_user {
                None => Refusal::Connect { url: self.connect_url(decided.host, lacking) },
                Some(name) => Refusal::Denied {
                    reason: format!("the service user `{name}` is not connected to Bitbucket"),
                    contact: Some("the broker's administrator".into()),
                },
            },
            IssueError::NoTarget(why) => Refusal::Target(why),
            IssueError::NotAllowed(reason) => Refusal::Denied { reason, contact: None },
            IssueError::Throttled { after } => Refusal::SlowDown { after },
            IssueError::Unavailable { reason, after } | IssueError::Later { reason, after } => {
                Refusal::Unavailable { reason, after }
            }
            IssueError::Misconfigured(reason) => Refusal::Unavailable { reason, after: Duration::from_secs(300) },
        }
    }
}

impl Handed {
    /// By a grant or an account that the broker has.
    fn kept(issued: Issued, right: Right) -> Self {
        Self { issued, right, sealed: None, narrowed: None }
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
