//! Somebody leaves: from the end of the membership to the first refusal, and to the end of the last token.

use super::{BOTH, BrokerDesk, Host, password};
use crate::desk::{said, stderr};
use crate::practice::cast::{ALICE, DEVELOPERS};
use crate::practice::codec;
use crate::practice::entra::{Fault, Target};

#[test]
fn a_group_that_is_gone_ends_access_with_the_next_token_of_entra() {
    let mut desk = BrokerDesk::open().signed_in();
    let tokens = BOTH.map(|host| (host, password(&get(&desk, host))));
    desk.practice.entra.state().user_mut(ALICE).unwrap().groups.clear();
    // The helper asks Entra anew at most five minutes later, and its own token is gone then at the latest.
    let mut first_refusal = None;
    for _ in 0..62 {
        let output = get(&desk, Host::DataCenter);
        if !output.status.success() {
            assert!(stderr(&output).contains("[not-allowed]"), "{}", said(&output));
            first_refusal = Some(());
            break;
        }
        desk.later(30);
    }
    let refused_after = desk.ahead();
    assert!(first_refusal.is_some(), "refused within the token's half hour");
    assert!(refused_after <= 1800, "{refused_after} s");
    for (host, token) in &tokens {
        while works(&desk, *host, token) {
            desk.later(30);
            assert!(desk.ahead() <= 7200, "{host:?}: a token outlives its host's longest");
        }
        println!("{host:?}: first refusal after {refused_after} s, the last token dead after {} s", desk.ahead());
    }
}

#[test]
fn with_the_groups_in_graph_it_takes_no_token_of_entra_at_all() {
    let desk = BrokerDesk::open();
    desk.practice.entra.on(Fault::GroupsOverage, Target::User(ALICE.into()));
    let token = desk.token_of(ALICE);
    let resource = desk.repository(Host::DataCenter, "app");
    let ask = || desk.exchange(&token, "access_token", &[("resource", &resource), ("scope", "REPO_READ")]);
    assert_eq!(ask().status, 200, "{}", ask().text());
    desk.practice.entra.state().user_mut(ALICE).unwrap().groups.retain(|group| group != DEVELOPERS);
    let mut waited = 0;
    while ask().status == 200 {
        desk.practice.clock.advance(10);
        waited += 10;
        assert!(waited <= 600, "an answer of Graph is kept briefly");
    }
    assert_eq!(ask().json()["error"], "access_denied");
    println!("refused {waited} s after the group was gone");
    desk.practice.entra.weather.always("checkMemberGroups", crate::practice::weather::Trouble::Html(500));
    desk.practice.clock.advance(600);
    assert_eq!(ask().status, 503, "Graph fails: nobody gets in by a group: {}", ask().text());
}

#[test]
fn a_rule_that_is_gone_ends_access_at_once_though_tokens_are_cached() {
    let desk = BrokerDesk::open();
    let token = desk.token_of(ALICE);
    let resource = desk.repository(Host::DataCenter, "app");
    let ask = || desk.exchange(&token, "access_token", &[("resource", resource.as_str()), ("scope", "REPO_READ")]);
    assert_eq!(ask().status, 200, "{}", ask().text());
    let none = desk.site.policy().replace("who = \"person\"\n", "who = \"person\"\nmode = \"audit\"\n");
    desk.site.write_policy(&none);
    let refused = crate::refusals::until("the new policy", || Some(ask()).filter(|answer| answer.status != 200));
    assert_eq!(refused.json()["error"], "access_denied", "{}", refused.text());
}

fn get(desk: &BrokerDesk, host: Host) -> std::process::Output {
    desk.get(host, if host == Host::Cloud { "acme/app" } else { "ACME/app" })
}

/// Whether Bitbucket still takes the token.
fn works(desk: &BrokerDesk, host: Host, token: &str) -> bool {
    let basic = format!("Basic {}", codec::base64(format!("x-token-auth:{token}").as_bytes()));
    let url = format!("{}.git/info/refs?service=git-upload-pack", desk.repository(host, "app"));
    desk.practice.client().get(&url, &[("Authorization", &basic)]).unwrap().status == 200
}
