//! The pages of `/connect`, with their record.

use crate::basis::clock::Timestamp;
use crate::broker::desk::Desk;
use crate::broker::desk::caller::Caller;
use crate::broker::desk::connect::{self, Connect, Page, Visit};
use crate::broker::desk::exchange::Refused;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::right::Right;
use crate::broker::settings::Host;
use crate::broker::trail::Record;
use std::net::{IpAddr, Ipv6Addr};

/// Which step of a connection a browser comes with.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// `GET /connect/{host}`.
    Start(&'a str),
    /// `GET /connect/callback`, from Entra.
    SignedIn,
    /// `GET /connect/{host}/callback`, from Bitbucket.
    Consented(&'a str),
    /// `POST /connect/confirm`, from our own page.
    Confirmed,
}

impl Desk {
    /// The next page. What was decided is on the disk before it is shown.
    pub async fn visit(&self, caller: &Caller, step: Step<'_>, visit: Visit<'_>) -> Result<Page, Refused> {
        let now = self.clock.now();
        if let Step::Start(_) = step {
            self.may_begin(caller.peer, now)?;
        }
        let connect = Connect { settings: &self.settings, store: &self.store, outward: &self.outward };
        let page = match step {
            Step::Start(host) => connect.start(host, visit, now).await,
            Step::SignedIn => connect.signed_in(visit, now).await,
            Step::Consented(host) => connect.consented(host, visit, now).await,
            Step::Confirmed => connect.confirmed(visit, now).await,
        };
        if let Some(told) = &page.told {
            let who = told.who.as_ref();
            self.metrics.count("broker_connections_total", &[("outcome", told.outcome)]);
            let connected = told.outcome == "connected";
            self.recorded(Record {
                outcome: if connected { "ok" } else { told.outcome }.to_owned(),
                reason: told.service.as_ref().map(|name| format!("service user {name}")),
                subject: who.map(|(tid, oid, _)| format!("entra:{tid}:{oid}")),
                name: who.map(|(_, _, name)| name.clone()),
                resource: Some(told.host.clone()),
                granted: told.right.filter(|_| connected).map(|right| right.to_string()),
                account: told.account.clone(),
                ..caller.record("connect", now.rfc3339())
            })
            .await?;
        }
        Ok(page)
    }

    /// Nobody has shown yet who they are, and each journey that begins is remembered: the store must not fill with them.
    /// An IPv6 network counts as one caller.
    fn may_begin(&self, peer: IpAddr, now: Timestamp) -> Result<(), Refused> {
        let near = match peer {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
        };
        let taken = self.visitors.take(&near, now).and_then(|()| self.beginnings.take("all", now));
        taken.map_err(|after| {
            self.metrics.count("broker_quota_refusals_total", &[]);
            Refused { refusal: Refusal::SlowDown { after }, digest: None }
        })
    }

    /// Where a person connects.
    pub(super) fn connect_url(&self, host: &Host, right: Right) -> String {
        let segment = connect::segment(&host.url);
        self.settings.public_url.join(&format!("/connect/{segment}?right={right}"))
    }

    /// Where Bitbucket sends browsers back to.
    pub(super) fn redirect_uri(&self, host: &Host) -> String {
        connect::redirect_uri(&self.settings.public_url, &host.url)
    }
}
