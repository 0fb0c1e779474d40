//! Makes text from somewhere else safe to show: bounded, one line, no control characters.

/// At most this many characters of foreign text reach a terminal (DESIGN.md section 11).
pub const SHOWN: usize = 200;

/// Cuts foreign text to [`SHOWN`] characters and replaces everything a terminal could act on.
/// Runs of white space become one space.
pub fn clean(text: &str) -> String {
    let mut shown = String::new();
    let mut count = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = count > 0;
            continue;
        }
        if count + usize::from(gap) >= SHOWN {
            shown.push('…');
            break;
        }
        if gap {
            shown.push(' ');
            count += 1;
            gap = false;
        }
        shown.push(if invisible(c) { '\u{fffd}' } else { c });
        count += 1;
    }
    shown
}

/// Whether a byte may never be printed to git: it would end or extend the line (DESIGN.md section 6 rule 4).
pub fn breaks_git(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 || byte == 0x7f)
}

/// Control characters, and the marks that reorder or hide what is around them (Unicode TR 9, TR 36).
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_line_ends_do_not_survive() {
        assert_eq!(clean("a\x1b[31mb\r\n  c\u{202e}d"), "a\u{fffd}[31mb c\u{fffd}d");
    }

    #[test]
    fn long_text_is_cut_visibly() {
        let shown = clean(&"x".repeat(500));
        assert_eq!(shown.chars().count(), SHOWN + 1);
        assert!(shown.ends_with('…'));
    }

    #[test]
    fn git_lines_hold_no_control_byte() {
        assert!(breaks_git("a\nb") && breaks_git("a\0") && breaks_git("\x7f"));
        assert!(!breaks_git("käse"));
    }
}
