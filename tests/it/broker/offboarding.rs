//! Somebody leaves: from the end of the membership to the first refusal, and to the end of the last token.

use super::{BOTH, BrokerDesk, Host, password};
use crate::desk::{said, stderr};
use crate::practice::cast::{ALICE, DEVELOPERS};
use crate::practice::codec;
use crate::practice::entra::{Fault, Target};

#[test]
fn a_group_that_is_gone_ends_access_with_the_next_token_of_entra() {
    // The clocks go faster here than the policy's files are looked at.
    let mut desk = BrokerDesk::with(|desk| {
        let path = desk.site.settings();
        let settings = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, settings.replace("keep = \"15m\"", "keep = \"24h\"")).unwrap();
    })
    .connected();
    let tokens = BOTH.map(|host| (host, password(&get(&desk, host))));
    desk.practice.entra.state().user_mut(ALICE).unwrap().groups.clear();
    // Git is answered from the helper's cache until its token is about to end; then Entra is asked, and the policy.
    while get(&desk, Host::DataCenter).status.success() {
        desk.later(30);
        assert!(desk.ahead() <= 1800, "refused within the token's half hour");
    }
    let output = get(&desk, Host::DataCenter);
    assert!(stderr(&output).contains("[not-allowed]"), "{}", said(&output));
    eprintln!("the helper is refused {} s after the group is gone", desk.ahead());
    desk.later(1800 - desk.ahead() + 1);
    let [(_, cloud), (_, data_center)] = tokens;
    // Whichever replica sweeps: here one that has just started.
    desk.stop();
    desk.start();
    crate::refusals::until("the token's deletion", || (!works(&desk, Host::DataCenter, &data_center)).then_some(()));
    eprintln!("Data Center's token is deleted {} s after the group is gone", desk.ahead());
    assert_eq!(desk.practice.data_center.http_tokens(), []);
    while works(&desk, Host::Cloud, &cloud) {
        desk.later(60);
        assert!(desk.ahead() <= 7260, "Cloud's own two hours");
    }
    eprintln!("Cloud's token is dead {} s after the group is gone", desk.ahead());
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
    eprintln!("refused {waited} s after the group was gone");
    desk.practice.entra.weather.always("checkMemberGroups", crate::practice::weather::Trouble::Html(500));
    desk.practice.clock.advance(600);
    assert_eq!(ask().status, 503, "Graph fails: nobody gets in by a group: {}", ask().text());
}

#[test]
fn a_rule_that_is_gone_ends_access_at_once_though_tokens_are_cached() {
    // It is asked again and again until the files have been looked at.
    let desk = BrokerDesk::with(|desk| {
        let path = desk.site.settings();
        let settings = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, settings.replacen("[store]", "[limits]\nper_subject = 100000\n\n[store]", 1)).unwrap();
    });
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
