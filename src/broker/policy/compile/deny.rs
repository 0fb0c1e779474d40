//! `[[deny]]`.

use super::Work;
use super::ceiling::patterns;
use super::fields::Fields;
use super::rule::{issuer, kind};
use super::when;
use crate::broker::policy::model::Deny;

/// Reads one; `None` if it is not complete, which is reported.
pub(super) fn read(fields: &Fields<'_, '_>, work: &Work<'_>) -> Option<Deny> {
    fields.only(&["id", "who", "issuer", "when", "everyone", "resources", "reason", "contact"]);
    let who = fields.item("who").map(|_| kind(fields));
    let issuer = fields.item("issuer").map(|_| issuer(fields, who.flatten(), work));
    let when = when::read(fields, who.flatten(), work);
    let resources = match patterns(fields, "resources", work) {
        Some(list) if list.is_empty() => {
            fields.wrong(fields.place("resources"), "`resources` is empty", "leave it out to mean all");
            None
        }
        None if fields.item("resources").is_none() => Some(Vec::new()),
        read => read,
    };
    let reason = fields.text("reason");
    if fields.item("reason").is_none() {
        fields.missing("reason", "whoever is refused is told it");
    }
    let contact = fields.text("contact").map(str::to_owned);
    Some(Deny {
        id: fields.id.clone()?,
        who: who.map_or(Some(None), |read| read.map(Some))?,
        issuer: issuer.map_or(Some(None), |read| read.map(Some))?,
        when: when?,
        resources: resources?,
        reason: reason?.to_owned(),
        contact,
    })
}
