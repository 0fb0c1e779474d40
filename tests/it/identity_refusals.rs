//! What goes wrong for workloads: each in its own words, within seconds, without a person.

use crate::desk::{said, stderr, stdout};
use crate::identity::{AUDIENCE, Machine, certificate, step};
use crate::practice::Source;
use crate::practice::weather::Trouble;
use std::process::Output;

/// Refused with this exit code and identifier, in these words.
fn refused(output: &Output, exit: i32, id: &str, words: &str) {
    assert_eq!((output.status.code(), stdout(output).as_str()), (Some(exit), "quit=1\n"), "{}", said(output));
    let text = stderr(output);
    assert!(text.contains(&format!("[{id}]")) && text.contains(words), "{}", said(output));
}

fn pod(token: impl FnOnce(&Machine) -> String) -> Output {
    let machine = Machine::with("workload", "", Source::Exchange);
    let token = token(&machine);
    machine.token_file(&token).get(Source::Exchange)
}

#[test]
fn the_two_oauth_sources_need_a_person() {
    for source in [Source::CloudOauth, Source::DataCenterOauth] {
        let machine = Machine::with("managed-identity", "", source).on("imds");
        let output = machine.get(source);
        refused(&output, 3, "person-needed", "needs a person who consents in a browser");
        assert!(stderr(&output).contains("do this: set source = \"exchange\""), "{}", said(&output));
        assert_eq!(machine.asked(), [0, 0, 0]);
    }
    let step = Machine::with("pipelines", "", Source::Entra);
    let token = step.job_token("ari:cloud:bitbucket::workspace/7c0e");
    let output = step.set("BITBUCKET_STEP_OIDC_TOKEN", token).get(Source::Entra);
    refused(&output, 3, "broker-needed", "is for a broker");
}

#[test]
fn token_files_that_are_no_token() {
    let missing = Machine::with("workload", "", Source::Exchange)
        .set("AZURE_FEDERATED_TOKEN_FILE", "/nonexistent/token")
        .get(Source::Exchange);
    refused(&missing, 3, "identity-token-file", "/nonexistent/token cannot be read");
    refused(&pod(|_| String::new()), 3, "identity-token-file", "is empty");
    refused(&pod(|_| "not.a.token".into()), 3, "identity-token-file", "holds no token");
    let unset = Machine::with("workload", "", Source::Exchange).get(Source::Exchange);
    refused(&unset, 3, "identity-not-here", "AZURE_FEDERATED_TOKEN_FILE is not set");
}

#[test]
fn tokens_out_of_their_time_or_for_somebody_else() {
    let shifted = |seconds: i64| {
        pod(|machine| {
            machine.platform.knobs().shift = seconds;
            machine.job_token(AUDIENCE)
        })
    };
    refused(&shifted(-7200), 3, "identity-token-time", "the token ended ");
    refused(&shifted(7200), 3, "identity-token-time", "the token begins in ");
    let output = pod(|machine| machine.job_token("https://github.com/acme"));
    let words = "for the audience `https://github.com/acme`, and Entra wants `api://AzureADTokenExchange`";
    refused(&output, 3, "identity-audience", words);
    // Within the five minutes by which clocks may differ.
    assert!(stdout(&shifted(240)).contains("password="));
}

#[test]
fn a_federated_credential_that_does_not_fit_is_shown_from_both_sides() {
    for (part, code, help) in [("subject", "AADSTS700213", "correct the subject"), ("issuer", "AADSTS700211", "issuer")]
    {
        let output = pod(|machine| {
            let mut knobs = machine.platform.knobs();
            match part {
                "subject" => knobs.subject = "repo:evil/app:ref:refs/heads/main".into(),
                _ => knobs.issuer = "https://other.example".into(),
            }
            drop(knobs);
            machine.job_token(AUDIENCE)
        });
        refused(&output, 3, "federated-credential", code);
        let text = stderr(&output);
        assert!(text.contains(help) && text.contains("the token says: issuer https://"), "{}", said(&output));
        assert!(text.contains("federated credential of application 66666666-2222"), "{}", said(&output));
    }
}

#[test]
fn half_an_environment_is_named() {
    for (set, missing) in [
        ("IDENTITY_HEADER", "IDENTITY_ENDPOINT"),
        ("IDENTITY_ENDPOINT", "IDENTITY_HEADER or IMDS_ENDPOINT"),
        ("MSI_SECRET", "MSI_ENDPOINT"),
        ("IDENTITY_SERVER_THUMBPRINT", "IDENTITY_HEADER"),
    ] {
        let machine = Machine::with("auto", "", Source::Exchange).set(set, "http://127.0.0.1:1/x");
        refused(&machine.get(Source::Exchange), 3, "identity-half-set", &format!("{set} is set, but {missing} is not"));
    }
    let github = Machine::with("github-actions", "", Source::Exchange)
        .set("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:1/x")
        .get(Source::Exchange);
    refused(&github, 3, "identity-half-set", "ACTIONS_ID_TOKEN_REQUEST_TOKEN is not");
}

#[test]
fn a_metadata_service_that_is_not_azure_s() {
    let asked = |trouble: Trouble| {
        let machine = Machine::with("managed-identity", "", Source::Exchange).on("imds");
        machine.platform.weather.always("", trouble);
        machine.get(Source::Exchange)
    };
    refused(&asked(Trouble::Html(200)), 6, "identity-service-foreign", "it answers HTML instead of JSON");
    refused(&asked(Trouble::Html(502)), 6, "identity-service-foreign", "a proxy answers in its place");
    let redirect = Trouble::Redirect("https://evil.example/token".into());
    refused(&asked(redirect), 6, "identity-service-foreign", "a redirect, which is not followed");
    refused(&asked(Trouble::Json(200, "{\"a\":1}".into())), 6, "identity-service-foreign", "JSON without a token");
    refused(&asked(Trouble::Drop), 6, "identity-service-silent", "no identity service answers on this machine");
    refused(&asked(Trouble::Throttled(429, Some(60))), 6, "identity-service-busy", "cannot answer now (status 429)");
}

#[test]
fn identities_that_are_not_there_or_too_many() {
    let machine = |entra: &str| Machine::with("managed-identity", entra, Source::Exchange).on("imds");
    let two = machine("");
    two.platform.knobs().assigned = ["7", "8"]
        .map(|digit| {
            let id = format!("{}-2222-4333-8444-555555555555", digit.repeat(8));
            crate::practice::platform::assigned(&id, false)
        })
        .into();
    refused(&two.get(Source::Exchange), 3, "identity-several", "several managed identities are assigned");
    let unknown = machine("managed_client_id = \"77777777-2222-4333-8444-555555555555\"");
    refused(&unknown.get(Source::Exchange), 3, "identity-not-assigned", "not assigned to this machine");
    let both = machine(
        "managed_client_id = \"77777777-2222-4333-8444-555555555555\"\n\
         managed_object_id = \"77777777-2222-4333-8444-555555555555\"",
    );
    refused(&both.get(Source::Exchange), 3, "identity-setting", "only one of managed_client_id");
    let fabric = Machine::with(
        "managed-identity",
        "managed_client_id = \"77777777-2222-4333-8444-555555555555\"",
        Source::Exchange,
    );
    refused(&fabric.on("service-fabric").get(Source::Exchange), 3, "identity-setting", "no user-assigned identities");
}

#[test]
fn another_certificate_than_the_announced_one_gets_no_secret() {
    let mut machine = Machine::with("auto", "", Source::Exchange).on("service-fabric");
    machine.variables.push(("IDENTITY_SERVER_THUMBPRINT", "00".repeat(20)));
    refused(&machine.get(Source::Exchange), 5, "identity-thumbprint", "is not the one of IDENTITY_SERVER_THUMBPRINT");
    assert_eq!(machine.asked(), [0, 0, 0], "nothing was sent");
}

#[test]
fn certificates_that_cannot_sign() {
    let machine = Machine::with("certificate", "", Source::Exchange);
    let (file, registered) = certificate(&machine.desk.path("keys"), "pkcs12");
    let keys = machine.desk.path("keys");
    std::fs::write(keys.join("wrong"), "wrong horse").unwrap();
    let (file, wrong, right) = (file.display().to_string(), keys.join("wrong"), keys.join("password"));
    let machine = machine.set("BITBUCKET_SSO_CERTIFICATE_FILE", file);
    let name = "BITBUCKET_SSO_CERTIFICATE_PASSWORD_FILE";
    let with = |machine: Machine, path: &std::path::Path| machine.set(name, path.to_str().unwrap());
    let machine = with(machine, &wrong);
    refused(&machine.get(Source::Exchange), 3, "identity-certificate", "does not open with the password");
    let machine = with(machine, &right);
    refused(&machine.get(Source::Exchange), 3, "assertion-invalid", "AADSTS700027");
    let other = certificate(&machine.desk.path("other"), "pem").1;
    machine.practice.entra.state().apps[1].certificate = Some(other);
    refused(&machine.get(Source::Exchange), 3, "assertion-invalid", "AADSTS700027");
    machine.practice.entra.state().apps[1].certificate = Some(registered);
    assert!(stdout(&machine.get(Source::Exchange)).contains("password="));
    let unset = Machine::with("certificate", "", Source::Exchange).get(Source::Exchange);
    refused(&unset, 3, "identity-setting", "certificate_file is not set");
}

#[test]
fn a_step_whose_issuer_the_broker_does_not_know() {
    let machine = step("pipelines");
    machine.practice.broker.knobs().foreign_issuer = None;
    refused(&machine.get(Source::Exchange), 5, "proof-refused", "Subject token");
}
