//! The examples under `docs/examples/`: every setting and command in them exists, none holds a secret, and their scripts
//! run, with the practice servers in the place of the real ones.

use crate::desk::{HELPER, said};
use crate::identity::{AUDIENCE, Machine};
use crate::practice::{Practice, Source};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILES: [&str; 8] = [
    "Dockerfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "cloud-init.yml",
    "github-actions.yml",
    "gitlab-ci.yml",
    "kubernetes.yml",
    "workload.toml",
];

#[test]
fn every_example_is_known_here_and_told_of() {
    let mut found: Vec<String> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, FILES);
    let page = fs::read_to_string(folder().join("../workloads.md")).unwrap();
    for file in FILES {
        assert!(page.contains(&format!("(examples/{file})")), "{file}");
    }
}

#[test]
fn every_variable_and_command_exists_and_none_is_a_secret() {
    let reference = fs::read_to_string(folder().join("../reference.md")).unwrap();
    for file in FILES {
        let text = read(file);
        for (name, value) in variables(&text) {
            assert!(reference.contains(&format!("`{name}`")), "{file}: {name}");
            assert!(!name.contains("SECRET") && !name.contains("PASSWORD") && !value.is_empty(), "{file}: {name}");
        }
        let called = text.replace("git, credential-bitbucket-sso, ", "git credential-bitbucket-sso ").replace(',', " ");
        for rest in called.split("git credential-bitbucket-sso ").skip(1) {
            let verb = rest.split_whitespace().next().unwrap();
            let help = Command::new(HELPER).args([verb, "--help"]).output().unwrap();
            assert!(help.status.success(), "{file}: {verb}: {}", said(&help));
        }
        let lower = text.to_lowercase();
        for word in ["client_secret", "begin private", "begin rsa", "eyj", "app_password", "atatt"] {
            assert!(!lower.contains(word), "{file}: {word}");
        }
    }
}

#[test]
fn the_configurations_are_valid() {
    let dir = tempfile::tempdir().unwrap();
    let init = read("cloud-init.yml");
    let block = init.split("content: |\n").nth(1).unwrap().split("runcmd:").next().unwrap();
    let block = block.lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
    for (name, text) in [("cloud-init", block), ("workload", read("workload.toml"))] {
        let file = dir.path().join(format!("{name}.toml"));
        fs::write(&file, text).unwrap();
        let output = Command::new(HELPER).args(["config", "validate"]).arg(&file).output().unwrap();
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
}

#[test]
fn a_step_of_bitbucket_pipelines_runs() {
    let machine = crate::identity::step("pipelines");
    runs(&machine, "bitbucket-pipelines.yml", [0, 0, 1]);
}

#[test]
fn a_github_actions_job_runs() {
    runs(&Machine::with("auto", "", Source::Exchange).on("github"), "github-actions.yml", [1, 1, 1]);
}

#[test]
fn an_azure_pipelines_job_runs() {
    runs(&Machine::with("auto", "", Source::Exchange).on("azure-pipelines"), "azure-pipelines.yml", [1, 1, 1]);
}

#[test]
fn a_gitlab_job_runs() {
    let text = read("gitlab-ci.yml");
    let audience = text.split("aud: ").nth(1).unwrap().lines().next().unwrap();
    let machine = Machine::with("auto", "", Source::Exchange);
    let token = machine.job_token(audience);
    runs(&machine.set("GITLAB_OIDC_TOKEN", token).set("GITLAB_CI", "true"), "gitlab-ci.yml", [0, 1, 1]);
}

#[test]
fn a_pod_runs() {
    let machine = Machine::with("auto", "", Source::Exchange);
    let token = machine.job_token(AUDIENCE);
    let client = read("kubernetes.yml").split("client-id: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let machine = machine.token_file(&token).set("AZURE_CLIENT_ID", client).set("AZURE_TENANT_ID", "contoso.example");
    runs(&machine, "kubernetes.yml", [0, 1, 1]);
}

#[test]
fn the_configurations_of_machine_and_image_run() {
    for (file, platform) in [("cloud-init.yml", "imds"), ("workload.toml", "app-service")] {
        let machine = Machine::with("auto", "", Source::Exchange).on(platform);
        let text = read(file);
        let text = text.split("content: |\n").last().unwrap().split("runcmd:").next().unwrap().to_owned();
        let text = text.lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
        let network = format!("\n[network]\nca_file = '{}'\n", machine.practice.ca().display());
        machine.desk.write_config(&format!("{}{network}", practised(&text, &machine.practice)));
        let url = machine.practice.clone_url(Source::Exchange, "acme", "app");
        let script = format!("git credential-bitbucket-sso setup && git clone {url}");
        succeeds(&machine, &script, &[]);
        assert_eq!(machine.asked(), [1, 0, 1], "{file}");
    }
}

/// The variables and commands of an example, without any file of ours.
fn runs(machine: &Machine, file: &str, asked: [usize; 3]) {
    _ = fs::remove_dir_all(machine.desk.home());
    fs::create_dir(machine.desk.home()).unwrap();
    let text = practised(&read(file), &machine.practice);
    let lines = text.lines().map(|line| line.trim().trim_start_matches("- "));
    let commands: Vec<String> = lines
        .filter_map(|line| match line.split_once("\"-c\", \"") {
            Some((_, command)) => Some(command.trim_end_matches("\"]").to_owned()),
            None => line.starts_with("git ").then(|| line.to_owned()),
        })
        .collect();
    assert!(!commands.is_empty(), "{file}");
    let mut variables = variables(&text);
    variables.push(("BITBUCKET_SSO_AUTHORITY".into(), machine.practice.entra.base.clone()));
    variables.push(("BITBUCKET_SSO_CA_FILE".into(), machine.practice.ca().display().to_string()));
    succeeds(machine, &commands.join(" && "), &variables);
    assert_eq!(machine.asked(), asked, "{file}");
}

fn succeeds(machine: &Machine, script: &str, variables: &[(String, String)]) {
    let mut shell = machine.run(machine.desk.command("sh"));
    let ours = Path::new(HELPER).parent().unwrap().display().to_string();
    let path = format!("{ours}:{}", std::env::var("PATH").unwrap());
    shell.envs(variables.iter().map(|(name, value)| (name, value))).env("PATH", path);
    let output = shell.args(["-ec", script]).output().unwrap();
    assert!(output.status.success(), "{script}: {}", said(&output));
    assert!(machine.practice.journal.leaks(&said(&output)).is_empty());
    machine.holds_no_secret();
}

/// The practice servers in the place of the real ones.
fn practised(text: &str, practice: &Practice) -> String {
    text.replace("https://bitbucket.org/acme/shared.git", &practice.clone_url(Source::Exchange, "acme", "app"))
        .replace("https://bitbucket.org", practice.url(Source::Exchange))
        .replace("https://sso.example.com", &practice.broker.base)
}

/// Our settings, however the file writes them.
fn variables(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().map(|line| line.trim().trim_start_matches("- ")).collect();
    let one = |at: usize| {
        let line = lines[at].trim_start_matches("export ");
        if let Some(name) = line.strip_prefix("name: ").filter(|name| name.starts_with("BITBUCKET_SSO_")) {
            return Some((name.to_owned(), lines[at + 1].strip_prefix("value: ")?.to_owned()));
        }
        let (name, value) = line.split_once([':', '='])?;
        name.starts_with("BITBUCKET_SSO_").then(|| (name.to_owned(), value.trim().to_owned()))
    };
    (0..lines.len()).filter_map(one).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(folder().join(file)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples")
}
