//! `doctor` and the certificate with which Entra signs Atlassian's SAML sign-in.

use crate::desk::{Desk, said, stdout};
use crate::practice::http::{Door, Reply, Response};
use crate::practice::{Options, Practice, Source};
use serde_json::Value;
use std::sync::{Arc, Mutex};

#[test]
fn doctor_warns_before_the_saml_certificate_ends() {
    let practice = Practice::start(&Options::default());
    let answer = Arc::new(Mutex::new(Response::text(200, "")));
    let door = Door::new();
    let url = format!("{}/t/federationmetadata/2007-06/federationmetadata.xml?appid=canary-4711", door.http());
    let said_by_server = Arc::clone(&answer);
    let server = door.serve(None, Arc::new(move |_| Reply::Answer(said_by_server.lock().unwrap().clone())));
    let config = practice.config_toml(Source::Exchange);
    let desk = Desk::configured(&practice, &format!("{config}\n[saml]\nmetadata_url = \"{url}\"\n"));
    assert!(desk.helper().arg("setup").output().unwrap().status.success());
    for (text, severity, words, exit) in [
        (metadata(2020, 2099), "ok", "lasts for more than 30 days", 0),
        (metadata(2020, 2021), "error", "is over", 3),
        ("<html><p>Sign in".to_owned(), "warning", "no federation metadata", 0),
        ("<IDPSSODescriptor></IDPSSODescriptor>".to_owned(), "warning", "no signing certificate", 0),
    ] {
        *answer.lock().unwrap() = Response::text(200, &text);
        let output = desk.helper().args(["doctor", "--json"]).output().unwrap();
        let found = saml(&said(&output), &output.stdout);
        assert_eq!(
            (found["severity"].as_str(), output.status.code()),
            (Some(severity), Some(exit)),
            "{}",
            said(&output)
        );
        assert!(found["summary"].as_str().unwrap().contains(words), "{found:#}");
        assert!(!stdout(&output).contains("canary-4711"), "the query is not shown");
    }
    *answer.lock().unwrap() = Response::text(404, &metadata(2020, 2099));
    let output = desk.helper().args(["doctor", "--json"]).output().unwrap();
    assert_eq!(saml(&said(&output), &output.stdout)["severity"], "warning");
    server.close();
    let output = desk.helper().args(["doctor", "--json"]).output().unwrap();
    let found = saml(&said(&output), &output.stdout);
    assert!(found["summary"].as_str().unwrap().contains("could not be looked at"), "{found:#}");
    let offline = desk.helper().args(["doctor", "--offline"]).output().unwrap();
    assert!(!stdout(&offline).contains("SAML"), "{}", said(&offline));
}

#[test]
fn no_variable_makes_doctor_ask_another_place() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange);
    let output = desk.helper().arg("doctor").env("BITBUCKET_SSO_METADATA_URL", "http://127.0.0.1:9/").output().unwrap();
    assert!(
        !stdout(&output).contains("saml:") && stdout(&output).contains("BITBUCKET_SSO_METADATA_URL"),
        "{}",
        said(&output)
    );
}

fn saml(said: &str, printed: &[u8]) -> Value {
    let report: Value = serde_json::from_slice(printed).unwrap_or_else(|error| panic!("{error}: {said}"));
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings.find(|finding| finding["check"] == "saml").unwrap_or_else(|| panic!("{said}")).clone()
}

fn metadata(from: i32, until: i32) -> String {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = parameters.self_signed(&key).unwrap().pem();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor use=\"signing\">\
         <KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>{base64}</X509Certificate></X509Data>\
         </KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>"
    )
}
