//! What would change and what was changed, in words.

use super::show;
use crate::app::setup::{FileChange, Outcome, Plan, Report};
use crate::basis::text::clean;

/// What `--dry-run` prints: our lines only, never what else the files hold.
pub fn plan(plan: &Plan) -> String {
    let texts: Vec<String> = plan.files.iter().filter(|change| change.changes()).map(change).collect();
    if texts.is_empty() { NOTHING.to_owned() } else { texts.join("\n") + "\n" }
}

/// What was done, one line per file.
pub fn report(report: &Report) -> String {
    let mut lines = Vec::new();
    for done in &report.files {
        match done.outcome {
            Outcome::Unchanged => continue,
            Outcome::Created => lines.push(format!("created {}", show(&done.path))),
            Outcome::Changed => lines.push(format!("changed {}", show(&done.path))),
            Outcome::Removed => lines.push(format!("removed {}", show(&done.path))),
        }
        if !done.kept.is_empty() {
            lines.push(format!("  kept the lines that were added between our marks: {}", done.kept.len()));
        }
    }
    if lines.is_empty() { NOTHING.to_owned() } else { lines.join("\n") + "\n" }
}

fn change(change: &FileChange) -> String {
    let verb = match (&change.before, &change.after) {
        _ if change.blocked.is_some() => "cannot change",
        (None, _) => "would create",
        (_, None) => "would remove",
        _ => "would change",
    };
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    let (before, after) = (text(&change.before), text(&change.after));
    let gone = only_in(&before, &after).map(|line| format!("  - {}", clean_line(line)));
    let mut lines = vec![format!("{verb} {}", show(&change.path))];
    lines.extend(gone);
    lines.extend(only_in(&after, &before).map(|line| format!("  + {}", clean_line(line))));
    if lines.len() == 1 {
        lines.push("  our lines move to its end".to_owned());
    }
    lines.join("\n")
}

/// The lines of one text that the other does not have, as often as it has them less.
fn only_in<'a>(text: &'a str, other: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest: Vec<&str> = other.lines().collect();
    text.lines().filter(move |line| match rest.iter().position(|known| known == line) {
        Some(position) => {
            rest.swap_remove(position);
            false
        }
        None => true,
    })
}

/// Keeps the indentation, which [`clean`] would drop.
fn clean_line(line: &str) -> String {
    let indent = if line.starts_with('\t') { "    " } else { "" };
    format!("{indent}{}", clean(line))
}

const NOTHING: &str = "nothing to change\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_lines_are_shown_never_what_else_a_file_holds() {
        let before = "[http]\n\textraHeader = hunter2\n# >>>\n[core]\n\tx = hunter2\n";
        let after = "[http]\n\textraHeader = hunter2\n[core]\n\tx = hunter2\n# >>>\n";
        let shown: Vec<&str> = only_in(before, after).chain(only_in(after, before)).collect();
        assert!(shown.is_empty(), "{shown:?}");
        assert_eq!(only_in("a\na\nb\n", "a\n").collect::<Vec<_>>(), ["a", "b"]);
    }
}
