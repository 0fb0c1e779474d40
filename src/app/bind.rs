//! Binds a Bitbucket account to an Entra account before a first grant is stored (DESIGN.md section 7).

use crate::app::answer::{self, PATIENCE};
use crate::app::consent::Request;
use crate::app::grants;
use crate::app::mint;
use crate::app::oauth::Answered;
use crate::app::wanted::Wanted;
use crate::app::words::{self, pages};
use crate::app::world::World;
use crate::app::{trail, turns};
use crate::basis::account::{BitbucketAccount, Match, compare};
use crate::basis::credential::{Credential, Proof};
use crate::basis::failure::Failure;
use crate::basis::random;
use crate::basis::secret::Code;
use crate::config::settings::AccountMatch;
use crate::session::loopback::{Expect, Loopback, LoopbackError, Method, Visit};
use crate::source::Granted;
use crate::source::grant::Grant;

/// How far the binding came.
pub enum Bound {
    /// The grant is stored.
    Stored,
    /// The accounts could not be compared: a person says whether they belong together.
    Unclear(Box<Pending>),
}

/// A grant that waits for a person's word.
pub struct Pending {
    grant: Grant,
    credential: Credential,
    account: BitbucketAccount,
}

/// Redeems the code and binds the accounts.
pub fn granted(
    world: &World,
    wanted: &Wanted<'_>,
    proof: &Proof,
    request: &Request<'_>,
    code: &Code,
) -> Result<Bound, Failure> {
    let Request { oauth, redirect_uri, verifier, .. } = request;
    let secret = oauth.secret(world)?;
    let answer = Answered { code, redirect_uri, verifier };
    let redeemed = oauth.redeem(&mint::with(world, proof), wanted, secret.as_ref(), &answer);
    let Granted { credential, refresh_token } = redeemed.map_err(|error| words::source(wanted, &error))?;
    let refresh_token = refresh_token.ok_or_else(|| words::no_grant(wanted))?;
    let account = oauth.account(world, wanted, &credential.token);
    let account = account.map_err(|error| words::source(wanted, &error))?;
    let grant = Grant {
        tid: proof.who.tid.clone(),
        oid: proof.who.oid.clone(),
        account_id: account.id.clone(),
        account_name: account.name.clone(),
        refresh_token,
        redirect_uri: redirect_uri.clone(),
        scopes: credential.scopes.clone(),
        since: world.clock.now(),
    };
    known_account(world, wanted, &grant)?;
    let rule = oauth.account_match();
    match compare(&proof.who, &account, rule) {
        Match::Same => store(world, wanted, proof, &grant, credential).map(|()| Bound::Stored),
        Match::Unclear if rule == AccountMatch::Confirm => {
            Ok(Bound::Unclear(Box::new(Pending { grant, credential, account })))
        }
        Match::Unclear | Match::Different => Err(words::accounts_differ(wanted, &proof.who, &account)),
    }
}

/// Asks on our own page, in the tab that waits.
pub fn confirm_in_tab(
    world: &World,
    loopback: &mut Loopback,
    wanted: &Wanted<'_>,
    proof: &Proof,
    visit: Visit,
    redirect_uri: &str,
    pending: Box<Pending>,
) -> Result<Visit, Failure> {
    let state = random::token(24);
    let uri = confirm_uri(loopback, redirect_uri).map_err(|error| words::loopback(wanted, &error))?;
    answer::show(visit, |language| pages::confirm(language, wanted, proof, &pending.account, &uri, &state));
    let expect = Expect { uri: &uri, method: Method::Post, state: &state };
    let still = |left| words::still_to_confirm(wanted, left);
    let visit = answer::in_tab(world, wanted, loopback, &expect, &still)?;
    let yes = visit.fields().get("answer") == Some("yes");
    let stored = if yes {
        store(world, wanted, proof, &pending.grant, pending.credential)
    } else {
        Err(words::accounts_not_confirmed(wanted, &proof.who, &pending.account))
    };
    match stored {
        Ok(()) => Ok(visit),
        Err(failure) => {
            answer::show(visit, |language| pages::failed(language, wanted, Some(proof), &failure));
            Err(failure)
        }
    }
}

/// Our own form is posted to the door that the tab came through, on a path of its own: to its page, everything else is
/// another origin, which the page's policy on forms forbids.
fn confirm_uri(loopback: &mut Loopback, redirect_uri: &str) -> Result<String, LoopbackError> {
    let origin = redirect_uri.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    loopback.also(&format!("{origin}{CONFIRM}"))
}

/// Asks at the terminal.
pub fn confirm_at_terminal(
    world: &World,
    wanted: &Wanted<'_>,
    proof: &Proof,
    pending: Box<Pending>,
) -> Result<(), Failure> {
    let answer = world.ui.ask(&words::confirm_accounts(wanted, &proof.who, &pending.account), PATIENCE);
    if answer.is_some_and(|line| matches!(line.trim(), "y" | "Y" | "yes" | "Yes")) {
        return store(world, wanted, proof, &pending.grant, pending.credential);
    }
    Err(words::accounts_not_confirmed(wanted, &proof.who, &pending.account))
}

/// A later grant for another Bitbucket account is refused, naming both.
fn known_account(world: &World, wanted: &Wanted<'_>, grant: &Grant) -> Result<(), Failure> {
    match grants::load(world, wanted)? {
        Some(kept) if kept.grant.account_id != grant.account_id => {
            Err(words::other_bitbucket_account(wanted, &kept.grant.account_name, &grant.account_name))
        }
        _ => Ok(()),
    }
}

/// Stores the grant under the host's lane, then lets the token that came with it wait for `get`.
fn store(
    world: &World,
    wanted: &Wanted<'_>,
    proof: &Proof,
    grant: &Grant,
    credential: Credential,
) -> Result<(), Failure> {
    let _turn = turns::host(world, wanted)?;
    let seen = grants::load(world, wanted)?.map_or(0, |kept| kept.generation);
    grants::keep(world, wanted, grant, seen)?;
    trail::granted(world, wanted, proof, &grant.account_name)?;
    match mint::hand_out(world, wanted, proof, credential) {
        Ok(_) => Ok(()),
        Err(mint::Stopped::Failed(failure) | mint::Stopped::ProofRefused(failure)) => Err(failure),
        Err(mint::Stopped::Asked(_, failure)) => Err(*failure),
        Err(mint::Stopped::ConsentNeeded | mint::Stopped::SignedOut) => Err(words::consent_lost(wanted)),
    }
}

/// Where our own form is posted.
const CONFIRM: &str = "/confirm";
