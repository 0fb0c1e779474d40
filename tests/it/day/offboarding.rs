//! From "the account is disabled" to the last successful `get`, measured for every source.

use super::*;

#[test]
fn access_ends_with_the_account() {
    println!("source            last get  last new token  refused as");
    for source in [Source::Exchange, Source::Entra, Source::CloudOauth, Source::DataCenterOauth] {
        let measured = measure(source);
        println!("{:<17} {:>7}s  {:>13}s  {}", source.name(), measured.last, measured.minted, measured.refused);
        // What is in hand counts to its end; nothing new is minted once Entra's answer is five minutes old.
        assert!((0..LIFE).contains(&measured.last), "{source:?}: {}", measured.last);
        assert!(measured.minted < 300, "{source:?}: {}", measured.minted);
        assert_eq!(measured.refused, "account-disabled");
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

fn measure(source: Source) -> Measured {
    let mut day = Day::of(source, "");
    day.practice.broker.knobs().life = LIFE;
    day.practice.cloud.state().knobs.life = LIFE;
    day.practice.data_center.state().knobs.life = LIFE;
    day.practice.entra.state().habits.access_life = Some(LIFE);
    day.sign_in(&["login"]);
    let mut token = day.mint();
    day.practice.entra.on(Fault::Disabled, Target::User(ALICE.into()));
    let mut measured = Measured { last: 0, minted: 0, refused: String::new() };
    for since in (0..=2 * LIFE).step_by(STEP.unsigned_abs() as usize) {
        match day.token() {
            Ok(same) if same == token => measured.last = since,
            Ok(new) => {
                token = new;
                (measured.last, measured.minted) = (since, since);
            }
            Err(output) => {
                let text = stderr(&output);
                let id = text.lines().rev().find_map(|line| line.strip_suffix(']')?.rsplit_once('['));
                measured.refused = id.expect("an identifier").1.to_owned();
                assert_eq!(output.status.code(), Some(5), "{}", said(&output));
                break;
            }
        }
        day.pass(STEP);
    }
    let kept = fs::read_dir(day.desk.state().join("vault")).unwrap().count();
    assert_eq!(kept, 0, "{source:?}: session and grant are gone");
    assert!(day.token().is_err());
    measured
}

/// Of all tokens, in seconds.
const LIFE: i64 = 900;
const STEP: i64 = 30;
