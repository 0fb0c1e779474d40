//! Azure Arc. Its agent's directory belongs to root: a mount namespace of its own has another.

use super::Machine;
use crate::desk::{feed, said, stderr, stdout};
use crate::practice::Source;
use std::process::{Command, Output};

const TOKENS: &str = "/var/opt/azcmagent/tokens";

#[test]
fn the_agent_of_azure_arc_gives_a_token_to_who_can_read_its_file() {
    let machine = machine("");
    let into = machine.desk.path("clone");
    let url = machine.practice.clone_url(Source::Exchange, "acme", "app");
    let git = machine.desk.git();
    let cloned = there(&machine, &git).args(["clone", &url]).arg(&into).output().unwrap();
    assert!(cloned.status.success(), "{}", said(&cloned));
    assert!(machine.practice.journal.leaks(&said(&cloned)).is_empty());
    assert_eq!(machine.asked(), [2, 0, 1], "the challenge, then the token");
}

#[test]
fn only_a_small_key_in_the_agent_s_directory_is_read() {
    let machine = machine("");
    let refused = |asked: usize, words: &str| {
        let output = get(&machine);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(3), "quit=1\n"), "{}", said(&output));
        let text = stderr(&output);
        assert!(text.contains("[arc-challenge]") && text.contains(words), "{text}");
        assert_eq!(machine.asked(), [asked, 0, 0], "nothing of it was sent");
    };
    let inside = |name: &str| machine.platform.knobs().arc_dir.join(name);
    let named = |file: std::path::PathBuf, bytes: usize| {
        std::fs::write(&file, "k".repeat(bytes)).unwrap();
        machine.platform.knobs().arc_file = Some(file);
    };
    named(inside("large.key"), 4097);
    refused(1, "larger than 4096 bytes");
    named(inside("key.txt"), 40);
    refused(2, "is no .key file");
    std::os::unix::fs::symlink("key.txt", inside("link.key")).unwrap();
    machine.platform.knobs().arc_file = Some(inside("link.key"));
    refused(3, "is no regular file");
    machine.platform.knobs().arc_file = Some(inside("gone.key"));
    refused(4, "the key of Azure Arc's agent cannot be read");
    named(machine.desk.path("secret.key"), 40);
    machine.platform.knobs().arc_seen = None;
    refused(5, "outside the agent's directory");
}

#[test]
fn a_user_assigned_identity_must_be_confirmed_by_the_agent() {
    let id = "77777777-2222-4333-8444-555555555555";
    let machine = machine(&format!("managed_client_id = \"{id}\""));
    machine.platform.knobs().assigned.push(crate::practice::platform::assigned(id, false));
    machine.platform.knobs().arc_old = true;
    let output = get(&machine);
    let text = stderr(&output);
    assert!(text.contains("[identity-not-assigned]") && text.contains("machine's own identity instead"), "{text}");
    assert_eq!(machine.asked(), [2, 0, 0], "the other identity's token goes nowhere");
    machine.platform.knobs().arc_old = false;
    let output = get(&machine);
    assert!(stdout(&output).contains("password="), "{}", said(&output));
    let trail = stdout(&machine.helper(&["audit", "show"]));
    assert!(trail.contains(&format!("managed-identity {id}")), "{trail}");
}

fn machine(entra: &str) -> Machine {
    let machine = Machine::with("managed-identity", entra, Source::Exchange).on("arc");
    let own = machine.desk.path("agent");
    std::fs::create_dir(&own).unwrap();
    let mut knobs = machine.platform.knobs();
    (knobs.arc_dir, knobs.arc_seen) = (own, Some(TOKENS.into()));
    drop(knobs);
    machine
}

fn get(machine: &Machine) -> Output {
    let host = machine.practice.url(Source::Exchange).split("://").nth(1).unwrap();
    let request = format!("protocol=https\nhost={host}\n\n");
    feed(there(machine, &machine.desk.helper()).arg("get"), request.as_bytes())
}

/// The program where the agent keeps its keys.
fn there(machine: &Machine, program: &Command) -> Command {
    let own = machine.platform.knobs().arc_dir.display().to_string();
    let script =
        format!("mount -t tmpfs none /var/opt && mkdir -p {TOKENS} && mount --bind {own} {TOKENS} && exec \"$@\"");
    let mut command = machine.run(machine.desk.command("unshare"));
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    command.arg(program.get_program()).args(program.get_args());
    command
}
