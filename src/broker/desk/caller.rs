//! Who is at the other end of a request, as far as the network tells: for records, decides nothing.

use crate::broker::trail::Record;
use std::net::IpAddr;

/// One request's origin.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Our name for the request.
    pub id: String,
    /// The route.
    pub endpoint: &'static str,
    pub peer: IpAddr,
    /// The program, cleaned.
    pub agent: Option<String>,
    /// The caller's own name for the request, cleaned.
    pub given_id: Option<String>,
}

impl Caller {
    /// The beginning of a record.
    pub fn record(&self, event: &'static str, time: String) -> Record {
        Record {
            time,
            event,
            id: self.id.clone(),
            given_id: self.given_id.clone(),
            peer: self.peer.to_string(),
            agent: self.agent.clone(),
            ..Record::default()
        }
    }
}
