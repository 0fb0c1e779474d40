//! Claims requests for Entra (`facts/entra.md` 4.8): what one sign-in has to bring for several who asked.

use serde_json::Value;

/// Both requests in one; where they name the same claim, the later one counts. What is no request is left out.
pub fn merged(earlier: Option<&str>, later: &str) -> String {
    let earlier = earlier.and_then(|text| serde_json::from_str(text).ok());
    match (earlier, serde_json::from_str(later)) {
        (Some(earlier), Ok(later)) => joined(earlier, later, TOKENS_AND_CLAIMS).to_string(),
        (Some(earlier), Err(_)) => earlier.to_string(),
        (None, _) => later.to_owned(),
    }
}

fn joined(earlier: Value, later: Value, depth: u32) -> Value {
    match (earlier, later) {
        (Value::Object(mut all), Value::Object(more)) if depth > 0 => {
            for (name, value) in more {
                let before = all.remove(&name).unwrap_or(Value::Null);
                all.insert(name, joined(before, value, depth - 1));
            }
            Value::Object(all)
        }
        (_, later) => later,
    }
}

/// `{"access_token": {"acrs": …}}`: two levels are joined, below them is one claim.
const TOKENS_AND_CLAIMS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_asked_for_is_asked_for_at_once() {
        let policy = r#"{"access_token":{"capolids":{"essential":true,"values":["p"]}}}"#;
        let step = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        let both: Value = serde_json::from_str(&merged(Some(policy), step)).unwrap();
        assert_eq!(both["access_token"]["capolids"]["values"][0], "p");
        assert_eq!(both["access_token"]["acrs"]["value"], "c1");
        let other = r#"{"access_token":{"acrs":{"value":"c2"}}}"#;
        assert_eq!(merged(Some(step), other), r#"{"access_token":{"acrs":{"value":"c2"}}}"#);
        assert_eq!((merged(None, step), merged(Some("no"), step)), (step.to_owned(), step.to_owned()));
        assert_eq!(merged(Some(step), "no"), step);
    }
}
