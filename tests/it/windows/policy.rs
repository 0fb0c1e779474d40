//! What an administrator of a Windows machine decides: `HKLM\SOFTWARE\Policies\BitbucketSso`, and files below `ProgramData`.

use super::desk::Desk;
use super::machine::{Machine, errors, said, windows};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use std::fs;
use std::path::Path;

#[test]
fn policy_alone_makes_a_machine_work_and_is_locked() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    decide(&machine, &practice.config_toml(Source::CloudOauth).replace("'/", "'Z:/"));
    let own = "[entra]\nclient_id = \"99999999-2222-4333-8444-555555555555\"\nflow = \"browser\"\n";
    let desk = Desk::configured(machine, &practice, own).person(Choice::sign_in(ALICE));
    let shown = desk.must(desk.exe(), &["config", "show"]);
    for key in ["entra.tenant", "entra.client_id", "network.ca_file", "].scopes", "].client_secret"] {
        let line = shown.lines().find(|line| line.contains(key)).unwrap_or_default();
        assert!(line.contains(KEY), "{key}: {shown}");
    }
    desk.must(desk.exe(), &["setup"]);
    desk.git_in("", &["clone", "-q", &practice.clone_url(Source::CloudOauth, "acme", "app"), "app"]);
    assert_eq!(desk.opened().len(), 1);
    let status = desk.must(desk.exe(), &["status"]);
    assert!(status.contains("entra.client_id") && status.contains("is ignored"), "{status}");
}

#[test]
fn a_value_of_the_wrong_type_stops_git_by_its_name() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let url = practice.clone_url(Source::Exchange, "acme", "app");
    for (kind, data) in
        [("REG_BINARY", "0102"), ("REG_QWORD", "7"), ("REG_DWORD", "7"), ("REG_MULTI_SZ", "auto\\0browser")]
    {
        desk.machine.reg(&["add", &format!("HKLM\\{KEY}\\entra"), "/v", "flow", "/t", kind, "/d", data, "/f"]);
        let refused = desk.command(desk.git(), &[]).args(["ls-remote", "-q", &url]).output().unwrap();
        let told = errors(&refused);
        assert!(!refused.status.success() && told.contains("`entra.flow` must be"), "{kind}: {}", said(&refused));
        assert!(told.contains(&format!("HKLM\\{KEY}")), "{kind}: {told}");
    }
    assert!(desk.waiting_pages().is_empty(), "nobody is asked by a helper without its policy");
    desk.machine.reg(&["delete", &format!("HKLM\\{KEY}"), "/f"]);
    let desk = desk.person(Choice::sign_in(ALICE));
    desk.git_in("", &["ls-remote", "-q", &url]);
}

#[test]
fn the_sample_for_the_registry_is_what_the_helper_reads() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::configured(machine, &practice, "");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("installers/managed/windows/policy.reg");
    desk.machine.reg(&["import", &windows(&sample)]);
    let shown = desk.must(desk.exe(), &["config", "show"]);
    let from_policy = shown.lines().filter(|line| line.contains(KEY)).count();
    let set = fs::read_to_string(sample).unwrap().lines().filter(|line| line.starts_with('"')).count();
    assert!(set > 10 && from_policy == set, "{set} values, {from_policy} of them here: {shown}");
}

#[test]
fn a_folder_that_a_user_made_below_program_data_counts_only_once_it_is_named() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let (common, folder) = (desk.path("ProgramData"), desk.path("ProgramData/bitbucket-sso"));
    fs::create_dir_all(folder.join("policy.d")).unwrap();
    fs::write(folder.join("policy.d/10.toml"), "[entra]\nflow = \"browser\"\n").unwrap();
    let run = |common: &Path, arguments: &[&str]| {
        said(&desk.command(desk.exe(), &[("ProgramData", &windows(common))]).args(arguments).output().unwrap())
    };
    let shown = run(&common, &["config", "show"]);
    assert!(shown.contains("entra.flow = auto"), "{shown}");
    let status = run(&common, &["status"]);
    assert!(status.contains("policy.d counts as absent") && status.contains("`Directory`"), "{status}");

    desk.machine.reg(&["add", &format!("HKLM\\{KEY}"), "/v", "Directory", "/d", &windows(&folder), "/f"]);
    for place in [&common, &desk.path("elsewhere")] {
        let shown = run(place, &["config", "show"]);
        assert!(shown.contains("entra.flow = browser"), "whatever the variable says: {shown}");
    }
}

/// Puts a configuration into the machine's policy: a subkey for each section and for each host.
fn decide(machine: &Machine, config: &str) {
    let config: toml::Table = config.parse().unwrap();
    for (section, content) in &config {
        match content {
            toml::Value::Table(table) => set(machine, section, table),
            toml::Value::Array(hosts) => {
                for (number, host) in hosts.iter().enumerate() {
                    set(machine, &format!("{section}\\{number}"), host.as_table().unwrap());
                }
            }
            other => panic!("{section} is {other:?}"),
        }
    }
}

fn set(machine: &Machine, below: &str, table: &toml::Table) {
    for (name, value) in table {
        let (kind, data) = match value {
            toml::Value::String(text) => ("REG_SZ", text.clone()),
            toml::Value::Array(list) => {
                ("REG_MULTI_SZ", list.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join("\\0"))
            }
            other => panic!("{name} is {other:?}"),
        };
        machine.reg(&["add", &format!("HKLM\\{KEY}\\{below}"), "/v", name, "/t", kind, "/d", &data, "/f"]);
    }
}

const KEY: &str = r"SOFTWARE\Policies\BitbucketSso";
