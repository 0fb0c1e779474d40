//! `cargo run --example workload-services`: practice servers for workloads, for other programs to be tried against. Prints
//! one JSON object with every address and variable, obeys the lines of its standard input (`control.rs`), and serves
//! until that ends.

#![allow(clippy::disallowed_methods, reason = "the services are the world that others are handed")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for tests")]

mod control;
#[path = "../practice/mod.rs"]
mod practice;

use practice::cast::{BROKER_API, TENANT, WORKLOAD};
use practice::entra::Federated;
use practice::platform::Platform;
use practice::{Options, Practice, Source};
use serde_json::{Map, Value, json};

fn main() {
    let practice = Practice::start(&Options::default());
    let platform = Platform::start(&practice);
    let knobs = platform.knobs().clone();
    let audience = "api://AzureADTokenExchange";
    let federated =
        Federated { issuer: knobs.issuer.clone(), subject: knobs.subject.clone(), audience: audience.into() };
    practice.entra.state().apps[1].federated = Some(federated);
    println!("{}", described(&practice, &platform, audience));
    // Whoever started it holds the other end.
    for line in std::io::stdin().lines() {
        println!("{}", control::obey(&practice, &platform, &serde_json::from_str(&line.unwrap()).unwrap()));
    }
}

fn described(practice: &Practice, platform: &Platform, audience: &str) -> Value {
    let token_file = practice.dir().join("federated-token");
    std::fs::write(&token_file, platform.job_token(practice, audience)).unwrap();
    let names =
        ["imds", "app-service", "arc", "service-fabric", "cloud-shell", "azure-ml", "github", "azure-pipelines"];
    let variables: Map<String, Value> = names
        .iter()
        .map(|name| {
            let all = platform.variables(name).into_iter().map(|(name, value)| (name.to_owned(), value.into()));
            ((*name).to_owned(), Value::Object(all.collect()))
        })
        .collect();
    json!({
        "authority": practice.entra.base, "tenant": TENANT, "client_id": WORKLOAD, "resource": BROKER_API,
        "broker": practice.broker.base, "ca_file": practice.ca(), "federated_token_file": token_file,
        "arc_directory": platform.knobs().arc_dir, "variables": variables,
        "host": practice.url(Source::Exchange), "clone_url": practice.clone_url(Source::Exchange, "acme", "app"),
        "host_toml": practice.host_toml(Source::Exchange),
    })
}
