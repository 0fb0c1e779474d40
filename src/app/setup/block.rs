//! Our lines in somebody else's file: added at its end, taken out again without touching a byte of the rest.
//!
//! What undo must know is kept in the block's own shape: it ends without a line end where the file did, and a
//! file that holds nothing but a complete block was made by us.

/// The file's content with our block as its last lines, whatever was there of it before. `include` is the value
/// of `path`, already in git's syntax.
pub fn with(before: Option<&[u8]>, include: &str) -> Vec<u8> {
    let rest = before.and_then(|bytes| without(bytes, include).rest);
    let eol = line_end(rest.as_deref().unwrap_or_default());
    let open = rest.as_ref().is_some_and(|bytes| !bytes.ends_with(b"\n"));
    let mut bytes = rest.unwrap_or_default();
    if open && !bytes.is_empty() {
        bytes.extend_from_slice(eol.as_bytes());
    }
    bytes.extend_from_slice(lines(include).join(eol).as_bytes());
    if !open {
        bytes.extend_from_slice(eol.as_bytes());
    }
    bytes
}

/// A file's content without our lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Without {
    /// What remains; `None` if the file was ours altogether.
    pub rest: Option<Vec<u8>>,
    /// Whether any line of ours was there.
    pub found: bool,
    /// Lines inside our block that others wrote; they stay in `rest`.
    pub kept: Vec<String>,
}

/// Takes out exactly our lines. git may have added a line to our section, replaced our path, or removed the
/// section from between the marks (`facts/installers.md` F5): all of that stays.
pub fn without(bytes: &[u8], include: &str) -> Without {
    let all: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let marks = marks(&all, include);
    let ours = |position: &usize| marks.get(*position) == Some(&Mark::Ours);
    let found = (0..all.len()).any(|position| ours(&position));
    let remaining = (0..all.len()).filter(|position| !ours(position)).filter_map(|position| all.get(position));
    let mut rest: Vec<u8> = remaining.copied().flatten().copied().collect();
    let ends_with_ours = !all.is_empty() && ours(&(all.len() - 1));
    let open = ends_with_ours && !bytes.ends_with(b"\n");
    if open {
        close(&mut rest, &all);
    }
    let inside = all.iter().zip(&marks).filter(|(line, mark)| **mark == Mark::Inside && !body(line).is_empty());
    let kept = inside.map(|(line, _)| String::from_utf8_lossy(body(line)).into_owned()).collect();
    let made_by_us = rest.is_empty() && found && !open;
    Without { rest: (!made_by_us).then_some(rest), found, kept }
}

/// Whether the file includes ours, in whatever way it was written: by us, by hand, by a dotfiles manager.
pub fn mentions(bytes: &[u8], include: &str) -> bool {
    let bare = include.trim_matches('"');
    bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()).any(|line| {
        let value = line.trim().strip_prefix("path").and_then(|rest| rest.trim_start().strip_prefix('='));
        value.is_some_and(|value| value.trim().trim_matches('"') == bare)
    })
}

/// The block's lines, for the file or for pasting.
pub fn lines(include: &str) -> [String; 4] {
    [BEGIN.to_owned(), HEADER.to_owned(), path_line(include), END.to_owned()]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Theirs,
    /// Theirs, but between our marks.
    Inside,
    Ours,
}

fn marks(all: &[&[u8]], include: &str) -> Vec<Mark> {
    let path = path_line(include);
    let is = |position: usize, text: &str| all.get(position).is_some_and(|line| body(line) == text.as_bytes());
    let mut marks = vec![Mark::Theirs; all.len()];
    let mut set = |position: usize, mark: Mark| {
        if let Some(place) = marks.get_mut(position) {
            *place = mark;
        }
    };
    let mut headers = Vec::new();
    let mut position = 0;
    while position < all.len() {
        if is(position, BEGIN) {
            let next = |text: &str| (position + 1..all.len()).find(|later| is(*later, text));
            let end = next(END).filter(|end| next(BEGIN).is_none_or(|begin| *end < begin));
            set(position, Mark::Ours);
            // Without an end mark only the two lines that can follow are looked at.
            for inner in position + 1..end.unwrap_or((position + 3).min(all.len())) {
                let ours = is(inner, &path);
                if ours || end.is_some() {
                    set(inner, if ours { Mark::Ours } else { Mark::Inside });
                }
            }
            if is(position + 1, HEADER) {
                headers.push(position + 1);
            }
            position = end.unwrap_or(position);
        }
        if is(position, END) {
            set(position, Mark::Ours);
        }
        position += 1;
    }
    for header in headers {
        if !in_use(all, &marks, header)
            && let Some(mark) = marks.get_mut(header)
        {
            *mark = Mark::Ours;
        }
    }
    marks
}

/// Whether a setting that is not ours belongs to the section that starts at `header`.
fn in_use(all: &[&[u8]], marks: &[Mark], header: usize) -> bool {
    let following = all.iter().zip(marks).skip(header + 1).map(|(line, mark)| (body(line).trim_ascii(), mark));
    let mut section = following.take_while(|(line, _)| !line.starts_with(b"["));
    section.any(|(line, mark)| {
        *mark != Mark::Ours && !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";")
    })
}

/// Takes back the line end that was added before our block, which the mark's own line end tells.
fn close(rest: &mut Vec<u8>, all: &[&[u8]]) {
    let begin = all.iter().rev().find(|line| body(line) == BEGIN.as_bytes());
    let added: &[u8] = if begin.is_some_and(|line| line.ends_with(b"\r\n")) { b"\r\n" } else { b"\n" };
    if rest.ends_with(added) {
        rest.truncate(rest.len() - added.len());
    }
}

/// A line without its end.
fn body(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The file's own line end, told by its first line.
fn line_end(bytes: &[u8]) -> &'static str {
    let first = bytes.split_inclusive(|byte| *byte == b'\n').next();
    if first.is_some_and(|line| line.ends_with(b"\r\n")) { "\r\n" } else { "\n" }
}

fn path_line(include: &str) -> String {
    format!("\tpath = {include}")
}

const BEGIN: &str = "# >>> bitbucket-sso >>>";
const HEADER: &str = "[include]";
const END: &str = "# <<< bitbucket-sso <<<";

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/home/u/.config/bitbucket-sso/gitconfig";
    const BLOCK: &str = "# >>> bitbucket-sso >>>\n[include]\n\tpath = /home/u/.config/bitbucket-sso/gitconfig\n# <<< bitbucket-sso <<<\n";

    fn rest(text: &str) -> String {
        String::from_utf8(without(text.as_bytes(), PATH).rest.expect("not ours altogether")).unwrap()
    }

    #[test]
    fn undo_is_byte_equal_and_a_second_time_changes_nothing() {
        let files = [
            "[a]\n\tb = c\n",
            "[a]\n\tb = c",
            "",
            "\n",
            "[a]\r\n\tb = c\r\n",
            "[a]\r\n\tb = c",
            "b\r",
            "\u{feff}[a]\n",
        ];
        for before in files {
            let once = with(Some(before.as_bytes()), PATH);
            assert_eq!(with(Some(&once), PATH), once, "{before:?}");
            assert_eq!(without(&once, PATH).rest.as_deref(), Some(before.as_bytes()), "{before:?}");
        }
        let new = with(None, PATH);
        assert_eq!(new, BLOCK.as_bytes());
        assert_eq!(without(&new, PATH), Without { rest: None, found: true, kept: Vec::new() });
    }

    #[test]
    fn line_ends_of_the_file_are_kept() {
        let with = String::from_utf8(with(Some(b"[a]\r\n\tb = c\r\n"), PATH)).unwrap();
        assert_eq!(with.matches('\n').count(), with.matches("\r\n").count());
    }

    #[test]
    fn a_block_that_is_no_longer_last_moves_to_the_end() {
        let before = format!("[a]\n\tb = c\n{BLOCK}[credential]\n\thelper = store\n");
        let after = with(Some(before.as_bytes()), PATH);
        assert_eq!(String::from_utf8(after).unwrap(), format!("[a]\n\tb = c\n[credential]\n\thelper = store\n{BLOCK}"));
    }

    #[test]
    fn lines_that_git_wrote_into_the_block_stay() {
        let other = BLOCK.replace("# <<<", "\tpath = /other\n# <<<");
        assert_eq!(rest(&format!("[a]\n{other}")), "[a]\n[include]\n\tpath = /other\n");
        assert_eq!(without(other.as_bytes(), PATH).kept, ["[include]", "\tpath = /other"]);
        let changed = BLOCK.replace(PATH, "/new");
        assert_eq!(rest(&changed), "[include]\n\tpath = /new\n");
        let after_the_mark = format!("{BLOCK}\tpath = /other\n");
        assert_eq!(rest(&after_the_mark), "[include]\n\tpath = /other\n");
    }

    #[test]
    fn halves_of_a_block_are_taken_out_and_nothing_else() {
        assert_eq!(rest("# >>> bitbucket-sso >>>\n[user]\n\tname = x\n"), "[user]\n\tname = x\n");
        assert_eq!(rest("[user]\n# <<< bitbucket-sso <<<\n"), "[user]\n");
        assert_eq!(rest("[a]\n# >>> bitbucket-sso >>>\n[include]\n# <<< bitbucket-sso <<<\n"), "[a]\n");
        let no_end = BLOCK.replace("# <<< bitbucket-sso <<<\n", "[user]\n\tname = x\n");
        assert_eq!(rest(&no_end), "[user]\n\tname = x\n");
        assert_eq!(rest(&format!("[a]\n{BLOCK}{BLOCK}[b]\n")), "[a]\n[b]\n");
        assert!(!without(b"[include]\n\tpath = /x\n", PATH).found);
    }

    #[test]
    fn an_include_written_by_hand_counts() {
        assert!(mentions(format!("[include]\n  path = \"{PATH}\"\n").as_bytes(), PATH));
        assert!(!mentions(format!("[include]\n  path = {PATH}.old\n").as_bytes(), PATH));
    }
}
