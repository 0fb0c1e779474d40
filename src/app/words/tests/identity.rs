use super::*;
use crate::identity::{Claims, Detected, IdentityError, Means, Platform};
use crate::net::NetError;
use crate::session::{Refusal, SessionError};

pub(super) fn tell(book: &mut Book) {
    for (case, error) in errors() {
        book.fail(&format!("identity {case}"), &identity(&wanted(&book.world, "exchange"), &error));
    }
    let claims = Claims {
        issuer: Some("https://token.actions.githubusercontent.com".into()),
        subject: Some("repo:acme/app:pull_request".into()),
        audience: Some("api://AzureADTokenExchange".into()),
        ..Claims::default()
    };
    let client = "66666666-2222-4333-8444-555555555555";
    for code in [70021, 700_211, 700_212, 700_213, 700_024, 700_027, 700_016] {
        let error = SessionError::Refused(Box::new(Refusal::sample("invalid_client", code, false)));
        let failure = statement_refused(&wanted(&book.world, "exchange"), &error, client, &claims);
        book.fail(&format!("statement_refused AADSTS{code}"), &failure);
    }
    let failures = [
        ("person_needed", person_needed(&wanted(&book.world, "cloud-oauth"))),
        ("broker_needed", broker_needed(&wanted(&book.world, "entra"))),
    ];
    for (name, failure) in failures {
        book.fail(name, &failure);
    }
    let ready =
        workload_ready(&wanted(&book.world, "exchange"), "managed-identity 66666666-2222-4333-8444-555555555555");
    book.say("workload_ready", ready);
    let doing = leader_shows(&wanted(&book.world, "exchange"));
    book.say("leader_shows", doing);
    let claims = vec![("iss", "https://sts.windows.net/t/".to_owned()), ("app", client.to_owned())];
    for (storage, claims) in [("memory-file", claims), ("nowhere", Vec::new()), ("keyring", Vec::new())] {
        let identity = "github-actions (GitHub Actions): ACTIONS_ID_TOKEN_REQUEST_URL is set".to_owned();
        let standing = crate::app::workload::Standing { identity, claims, storage };
        book.say(&format!("workload_account {storage}"), workload_account("default", &standing));
    }
    let why = "no variable names another service";
    book.say("detected_as", detected_as(&Detected { means: Means::Managed(Platform::Imds), why }));
}

fn errors() -> Vec<(&'static str, IdentityError)> {
    let place = || "http://169.254.169.254/metadata/identity/oauth2/token".to_owned();
    let by = Duration::from_secs(7200);
    let file = |name: &str| std::path::PathBuf::from(name);
    let silent = || NetError::TimedOut { place: place(), after: Duration::from_secs(2) };
    let broken = |why: &str| IdentityError::Certificate { path: file("/etc/robot.pem"), why: why.into() };
    let said = || "invalid_resource: AADSTS500011: The resource principal was not found".to_owned();
    vec![
        ("HalfSet", IdentityError::HalfSet { set: "IDENTITY_ENDPOINT", missing: "IDENTITY_HEADER or IMDS_ENDPOINT" }),
        ("NotHere step", IdentityError::NotHere("BITBUCKET_STEP_OIDC_TOKEN".into())),
        ("NotHere GitHub", IdentityError::NotHere("ACTIONS_ID_TOKEN_REQUEST_URL".into())),
        ("NotHere Azure Pipelines", IdentityError::NotHere("SYSTEM_OIDCREQUESTURI".into())),
        ("NotHere pod", IdentityError::NotHere("AZURE_FEDERATED_TOKEN_FILE".into())),
        ("NotHere GitLab", IdentityError::NotHere("GITLAB_OIDC_TOKEN".into())),
        (
            "HalfSet Azure Pipelines",
            IdentityError::HalfSet { set: "SYSTEM_OIDCREQUESTURI", missing: "SYSTEM_ACCESSTOKEN" },
        ),
        (
            "HalfSet GitHub",
            IdentityError::HalfSet { set: "ACTIONS_ID_TOKEN_REQUEST_URL", missing: "ACTIONS_ID_TOKEN_REQUEST_TOKEN" },
        ),
        ("Setting", IdentityError::Setting("certificate_file is not set in [entra]".into())),
        ("TokenFile", IdentityError::TokenFile { path: file("/var/run/token"), why: "is empty".into() }),
        ("NoToken", IdentityError::NoToken("BITBUCKET_STEP_OIDC_TOKEN")),
        ("Expired", IdentityError::Expired { by }),
        ("NotYetValid", IdentityError::NotYetValid { by }),
        (
            "Audience",
            IdentityError::Audience { has: "sts.amazonaws.com".into(), wants: "api://AzureADTokenExchange".into() },
        ),
        ("Foreign", IdentityError::Foreign { place: place(), why: "it answers HTML instead of JSON".into() }),
        ("Silent", IdentityError::Silent(silent())),
        ("Several", IdentityError::Several),
        ("NotAssigned", IdentityError::NotAssigned { said: "invalid_request: Identity not found".into() }),
        ("Refused", IdentityError::Refused { place: place(), status: 400, said: said() }),
        ("Busy", IdentityError::Busy { place: place(), status: 410, after: None }),
        ("Busy long", IdentityError::Busy { place: place(), status: 429, after: Some(by) }),
        ("Challenge", IdentityError::Challenge("the file /etc/shadow is outside the agent's directory".into())),
        ("Key", IdentityError::Key("cannot be read: /var/opt/azcmagent/tokens/a.key: Permission denied".into())),
        ("Thumbprint", IdentityError::Thumbprint { place: "https://10.0.0.4:2377/token".into() }),
        ("Certificate expired", broken("has expired")),
        ("Certificate password", broken("does not open with the password")),
        ("Certificate closed", broken("cannot be read: Permission denied")),
        ("Certificate odd", broken("has no certificate that belongs to its private key")),
        ("Net", IdentityError::Net(silent())),
    ]
}
