//! Object ids: compared as numbers, so that neither case nor braces make two of one.

/// The number that a GUID stands for; Bitbucket writes its own in braces.
pub(super) fn guid(text: &str) -> Option<u128> {
    let bare = text.strip_prefix('{').map_or(Some(text), |rest| rest.strip_suffix('}'))?;
    let bytes = bare.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match (at, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            _ => number = number << 4 | u128::from(char::from(*byte).to_digit(16)?),
        }
    }
    Some(number)
}

/// Lower-case, without braces.
pub(super) fn spelled(guid: u128) -> String {
    let hex = format!("{guid:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The claims whose values are object ids.
pub(super) fn holds_guids(claim: &str) -> bool {
    GUIDS.contains(&claim)
}

/// Of Entra (`facts/entra.md` 5.1), then of Bitbucket Pipelines (6.5).
const GUIDS: [&str; 11] = [
    "groups",
    "wids",
    "oid",
    "tid",
    "azp",
    "appid",
    "workspaceUuid",
    "repositoryUuid",
    "pipelineUuid",
    "stepUuid",
    "deploymentEnvironmentUuid",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_id_has_one_number() {
        let id = "0A1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
        assert_eq!(guid(id), guid(&format!("{{{}}}", id.to_uppercase())));
        assert_eq!(guid(id).map(spelled), Some(id.to_lowercase()));
        for bad in ["", "{", "developers", &id[1..], &format!("{{{id}"), &id.replace('-', "0"), &id.replace('b', "g")] {
            assert_eq!(guid(bad), None, "{bad}");
        }
    }
}
