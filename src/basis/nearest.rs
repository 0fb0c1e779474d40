//! The known name nearest to a mistyped one.

/// The candidate with the fewest edits, if they are few enough to be a typing error.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = typed.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let most = (typed.len() / 3).max(1);
    let rated = known.into_iter().map(|name| (distance(&typed, name), name));
    rated.filter(|(edits, _)| *edits <= most).min_by_key(|(edits, _)| *edits).map(|(_, name)| name)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(typed: &[char], name: &str) -> usize {
    let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let mut rows = vec![vec![0; name.len() + 1]; typed.len() + 1];
    rows[0] = (0..=name.len()).collect();
    for i in 1..=typed.len() {
        rows[i][0] = i;
        for j in 1..=name.len() {
            let other = usize::from(typed[i - 1] != name[j - 1]);
            let least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + other);
            let swapped = i > 1 && j > 1 && typed[i - 1] == name[j - 2] && typed[i - 2] == name[j - 1];
            rows[i][j] = if swapped { least.min(rows[i - 2][j - 2] + 1) } else { least };
        }
    }
    rows[typed.len()][name.len()]
}

/// Nobody mistypes more than this.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_their_key_and_others_do_not() {
        let known = ["tenant", "client_id", "client_secret", "flow"];
        assert_eq!(nearest("tennant", known), Some("tenant"));
        assert_eq!(nearest("Clientid", known), Some("client_id"));
        assert_eq!(nearest("folw", known), Some("flow"));
        assert_eq!(nearest("password", known), None);
    }
}
