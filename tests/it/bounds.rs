//! Input of absurd size, and how little is done: what is read is counted by strace, never by a clock.

use crate::desk::{Desk, feed, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use crate::tester::request;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::Output;

#[test]
fn ten_mebibytes_of_configuration_are_understood_to_the_last_host() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
    let mut text = format!("{}\n[storage]\nrefresh_tokens = \"kernel\"\n", practice.entra_toml());
    let (tenant, client) = ("72f988bf-0000-4000-8000-2d7cd011db47", "11111111-2222-4333-8444-555555555555");
    for number in 0..20_000 {
        let profile = format!("[entra.p{number}]\ntenant = \"{tenant}\"\nclient_id = \"{client}\"\n");
        let host = format!("[[host]]\nurl = \"https://h{number}.example\"\nsource = \"entra\"\n");
        text.extend([profile, host, format!("scope = \"{number:0>340}\"\nentra = \"p{number}\"\n")]);
    }
    text += &practice.host_toml(Source::Exchange);
    assert!(text.len() > 10 << 20, "{}", text.len());
    desk.write_config(&text);
    let asked = desk.get(&request(practice.url(Source::Exchange)));
    assert!(stdout(&asked).contains("password="), "{}", said(&asked));
    desk.write_config(&format!("{text}\nwrong = 1\n"));
    let refused = desk.get(&request("https://h7.example"));
    assert!(refused.status.code() == Some(3) && stderr(&refused).contains("unknown key `wrong`"), "{}", said(&refused));
}

#[test]
fn a_file_over_sixteen_mebibytes_is_not_even_read() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange);
    let config = desk.home().join(".config/bitbucket-sso/config.toml");
    grow(&config, 1 << 30);
    let (asked, read) = read_of(&desk, &request(practice.url(Source::Exchange)), &config);
    assert_eq!((asked.status.code(), stdout(&asked).as_str(), read), (Some(3), "quit=1\n", 0), "{}", said(&asked));
    assert!(stderr(&asked).contains("[config-too-large]"), "{}", said(&asked));
}

#[test]
fn a_gibibyte_of_audit_trail_costs_a_hit_nothing_and_a_miss_its_end() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
    let ask = request(practice.url(Source::Exchange));
    let first = desk.get(&ask);
    assert!(stdout(&first).contains("password="), "{}", said(&first));
    let trail = desk.state().join("audit.jsonl");
    let line = std::fs::read(&trail).unwrap();

    // Whole lines at the end: the trail goes on in a new file.
    grow(&trail, 1 << 30);
    let mut end = OpenOptions::new().append(true).open(&trail).unwrap();
    std::io::Write::write_all(&mut end, &[b"\n", line.as_slice()].concat()).unwrap();
    let (hit, read) = read_of(&desk, &ask, &trail);
    assert_eq!((hit.stdout, read), (first.stdout, 0));
    let miss = |desk: &Desk| {
        std::fs::remove_dir_all(desk.state().join("hot")).unwrap();
        read_of(desk, &ask, &trail)
    };
    let (missed, read) = miss(&desk);
    assert!(stdout(&missed).contains("password=") && (1..1 << 20).contains(&read), "{read} {}", said(&missed));
    assert!(trail.metadata().unwrap().len() < 1 << 20 && trail.with_extension("jsonl.1").exists());

    // No line's end for a gibibyte: nobody can have written that, so nothing is handed out on it.
    grow(&trail, 1 << 30);
    let (refused, read) = miss(&desk);
    assert_eq!(stdout(&refused), "quit=1\n", "{}", said(&refused));
    assert!(stderr(&refused).contains("longer than 4 MiB") && read < 16 << 20, "{read} {}", said(&refused));
    let shown = desk.helper().args(["audit", "show"]).output().unwrap();
    assert!(stderr(&shown).contains("has more than 256 MiB"), "{}", said(&shown));
}

/// Makes a file longer; what is added takes no room on the disk.
fn grow(file: &Path, length: u64) {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)
        .and_then(|file: File| file.set_len(length))
        .unwrap();
}

/// What a `get` answers, and how many bytes of a file it has read.
fn read_of(desk: &Desk, ask: &str, file: &Path) -> (Output, u64) {
    let trace = desk.path("trace");
    let mut strace = desk.command("strace");
    strace.args(["-f", "-y", "-e", "trace=read,pread64,readv,mmap", "-o"]).arg(&trace);
    let answer = feed(strace.arg(crate::desk::HELPER).arg("get"), ask.as_bytes());
    let text = std::fs::read_to_string(trace).unwrap();
    let name = format!("<{}>", file.display());
    let read = |line: &str| line.rsplit_once(" = ").and_then(|(_, count)| count.parse::<u64>().ok());
    (answer, text.lines().filter(|line| line.contains(&name)).filter_map(read).sum())
}
