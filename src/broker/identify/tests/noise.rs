//! Whatever bytes arrive: no panic, and nobody is believed.

use super::*;

/// Dice that fall the same way every time (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn text(&mut self, longest: usize) -> String {
        const SIGNS: &[u8] = b"AZaz09-_.=+/ {}[]\":,\0\x7f\xc3\xff";
        let bytes: Vec<u8> = (0..self.roll(longest)).map(|_| SIGNS[self.roll(SIGNS.len())]).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn random_text_identifies_nobody() {
    let mut dice = Dice(0x5eed);
    let (issuer, keys) = (entra("https://login.example", None), keys());
    for _ in 0..4_000 {
        let text =
            if dice.roll(2) == 0 { dice.text(400) } else { [dice.text(99), dice.text(99), dice.text(99)].join(".") };
        assert!(claimed_issuer(&text).is_err(), "{text:?}");
        assert!(believe(&issuer, &keys, &Assertion::new(text), ACCESS, NOW).is_err());
    }
}

#[test]
fn a_mutated_token_identifies_nobody() {
    let mut dice = Dice(0xfeed);
    let (issuer, keys, good) = (entra("https://login.example", None), keys(), token(&person()));
    assert!(believe(&issuer, &keys, &good, ACCESS, NOW).is_ok());
    for _ in 0..2_000 {
        let mut bytes = good.expose().as_bytes().to_vec();
        for _ in 0..=dice.roll(3) {
            let at = dice.roll(bytes.len());
            match dice.roll(3) {
                0 => bytes[at] = b"ABCxyz019-_."[dice.roll(12)],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        if bytes == good.expose().as_bytes() {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        let outcome = believe(&issuer, &keys, &Assertion::new(text.clone()), ACCESS, NOW);
        assert!(outcome.is_err(), "{text}");
    }
}

#[test]
fn signed_nonsense_of_any_type_identifies_nobody() {
    let mut dice = Dice(0xdeed);
    let values =
        [json!(null), json!(u64::MAX), json!([]), json!({}), json!(""), json!(1e300), json!([null]), json!(true)];
    let needed = ["iss", "aud", "tid", "exp", "nbf", "iat", "ver", "azp", "oid", "scp"];
    for _ in 0..300 {
        let name = needed[dice.roll(needed.len())];
        let claims = with(person(), name, values[dice.roll(values.len())].clone());
        assert!(asked(&claims).is_err(), "{name}: {}", claims[name]);
    }
}
