//! The program itself: started by its file of settings, ended by a signal.

use super::{BrokerDesk, Host, password};
use crate::desk::{said, stderr, stdout};
use crate::refusals::{start, until};
use rustix::process::{Pid, Signal, kill_process};
use std::process::Command;

const BROKER: &str = env!("CARGO_BIN_EXE_bitbucket-sso-broker");

#[test]
fn it_serves_until_it_is_told_to_stop_and_keeps_what_it_knows() {
    let mut desk = BrokerDesk::open().connected();
    desk.stop();
    let refused = desk.get(Host::DataCenter, "ACME/app");
    assert!(!refused.status.success() && stderr(&refused).contains("do this: "), "{}", said(&refused));
    for _ in 0..2 {
        let child = start(Command::new(BROKER).arg("serve").arg(desk.site.settings()).env_clear());
        let answer = until("the door", || {
            let ready = format!("{}/readyz", desk.site.base);
            desk.practice.client().get(&ready, &[]).ok().filter(|answer| answer.status == 200)
        });
        assert!(answer.text().contains("ready"), "{}", answer.text());
        let send = |signal| kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
        send(Signal::HUP);
        // The grant of the broker before is still there.
        for (host, path) in [(Host::Cloud, "acme/app"), (Host::DataCenter, "ACME/app")] {
            password(&desk.get(host, path));
        }
        send(Signal::TERM);
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", said(&ended));
        assert!(stdout(&ended).starts_with("listening on 127.0.0.1:") && stdout(&ended).ends_with("stopped\n"));
    }
}

#[test]
fn a_file_of_settings_is_checked_before_it_is_used() {
    let desk = BrokerDesk::open();
    let file = desk.site.settings();
    let validate = || Command::new(BROKER).args(["config", "validate"]).arg(&file).output().unwrap();
    assert!(validate().status.success(), "{}", said(&validate()));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("max_life", "max_live")).unwrap();
    let wrong = validate();
    assert_eq!(wrong.status.code(), Some(3), "{}", said(&wrong));
    assert!(stderr(&wrong).contains("broker.toml:") && stderr(&wrong).contains("max_life"), "{}", said(&wrong));
}
