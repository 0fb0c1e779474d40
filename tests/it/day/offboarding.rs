//! From "the account is disabled" to the last successful `get`, measured for every source.

use super::*;

#[test]
fn access_ends_with_the_account() {
    eprintln!("source            token's life  last get  last new token  refused as");
    for source in [Source::Exchange, Source::Entra, Source::CloudOauth, Source::DataCenterOauth] {
        for life in [900, 240] {
            let Measured { last, minted, refused } = measure(source, life);
            eprintln!("{:<17} {life:>11}s  {last:>7}s  {minted:>13}s  {refused}", source.name());
            // Nothing new is minted once Entra's answer is five minutes old, and what is in hand counts to its end.
            assert!(minted < ONE_ANSWER && last < minted + life, "{source:?}: {minted}, {last}");
            assert!(life < ONE_ANSWER || minted == 0, "{source:?}: a token that outlasts the answer is the last");
            assert_eq!(refused, "account-disabled");
        }
    }
}

/// Seconds since the account was disabled.
struct Measured {
    /// When git was last given a token.
    last: i64,
    /// When it was last given one that it did not have before.
    minted: i64,
    refused: String,
}

fn measure(source: Source, life: i64) -> Measured {
    let mut day = Day::of(source, "");
    day.practice.broker.knobs().life = life;
    day.practice.cloud.state().knobs.life = life;
    day.practice.data_center.state().knobs.life = life;
    day.practice.entra.state().habits.access_life = Some(life);
    day.sign_in(&["login"]);
    let mut token = day.mint();
    day.practice.entra.on(Fault::Disabled, Target::User(ALICE.into()));
    let mut measured = Measured { last: 0, minted: 0, refused: String::new() };
    for since in (0..=life + 2 * ONE_ANSWER).step_by(STEP) {
        match day.token() {
            Ok(same) if same == token => measured.last = since,
            Ok(new) => {
                token = new;
                (measured.last, measured.minted) = (since, since);
            }
            Err(output) => {
                let text = stderr(&output);
                let id = text.lines().rev().find_map(|line| line.strip_suffix(']')?.rsplit_once('['));
                id.expect("an identifier").1.clone_into(&mut measured.refused);
                assert_eq!(output.status.code(), Some(5), "{}", said(&output));
                break;
            }
        }
        day.pass(i64::try_from(STEP).unwrap());
    }
    // The key of the audit trail is nobody's access and stays.
    let names = fs::read_dir(day.desk.state().join("vault")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let access = names.iter().filter(|name| name.starts_with("session") || name.starts_with("grant")).count();
    assert_eq!(access, 0, "{source:?}: session and grant are gone: {names:?}");
    assert!(day.token().is_err());
    measured
}

/// How long Entra's word counts, in seconds (DESIGN.md section 8).
const ONE_ANSWER: i64 = 300;
const STEP: usize = 30;
