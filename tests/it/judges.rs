//! Microsoft's own Python clients and the helper ask the same services for the same: `tests/heavy/judges.py`. The first
//! run installs them.

use crate::desk::{HELPER, said};
use std::path::Path;
use std::process::Command;

#[test]
fn microsoft_s_own_clients_agree() {
    let built = Path::new(HELPER).parent().unwrap();
    let services = built.join("examples/workload-services");
    assert!(services.exists(), "do this: cargo build --example workload-services");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/heavy/judges.sh");
    let mut judges = Command::new(script);
    judges.arg(HELPER).arg(services).env("JUDGES", built.parent().unwrap().join("judges"));
    let output = judges.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.ends_with("35 of 35 cases agree\n"), "{told}");
}
