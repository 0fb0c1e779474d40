//! Exports of other systems as rows: CSV with a header, a JSON list (alone or in an object), or JSON lines.

use crate::app::words;
use crate::basis::failure::Failure;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One row; names are lower-case letters and digits only, nested ones joined: `user.displayName` is
/// `userdisplayname`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record(BTreeMap<String, String>);

impl Record {
    /// A value; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(&key(name)).map_or("", String::as_str)
    }

    /// The first of these that is not empty.
    pub fn first(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.get(name)).find(|value| !value.is_empty()).unwrap_or("")
    }
}

/// Reads and takes apart a file.
pub fn read(path: &Path) -> Result<Vec<Record>, Failure> {
    parse(&text(path)?).ok_or_else(|| words::bad_export(path))
}

/// A file as text, without a byte order mark.
pub fn text(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| words::export_unreadable(path, &error))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The rows; `None` if it is none of the forms.
pub fn parse(text: &str) -> Option<Vec<Record>> {
    if !text.trim_start().starts_with(['{', '[']) {
        return csv(text);
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return list(&value).map(|list| list.iter().map(record).collect());
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).ok().map(|value| record(&value))).collect()
}

/// The list itself, or the one under the name that an API gives it; one object alone is one row.
fn list(value: &Value) -> Option<Vec<Value>> {
    let named = ["value", "values", "data", "entities"].iter().find_map(|name| value.get(name)?.as_array());
    match value {
        Value::Array(list) => Some(list.clone()),
        Value::Object(_) => Some(named.cloned().unwrap_or_else(|| vec![value.clone()])),
        _ => None,
    }
}

fn record(value: &Value) -> Record {
    let mut flat = BTreeMap::new();
    flatten("", value, &mut flat);
    Record(flat)
}

fn flatten(name: &str, value: &Value, flat: &mut BTreeMap<String, String>) {
    let mut put = |text: String| _ = flat.entry(key(name)).or_insert(text);
    match value {
        Value::String(text) => put(text.clone()),
        Value::Number(number) => put(number.to_string()),
        Value::Bool(flag) => put(flag.to_string()),
        Value::Object(fields) => {
            fields.iter().for_each(|(inner, value)| flatten(&format!("{name}{inner}"), value, flat));
        }
        // The first of a list has the place of all.
        Value::Array(list) => list.iter().for_each(|value| flatten(name, value, flat)),
        Value::Null => {}
    }
}

/// RFC 4180; a line end may be LF alone.
fn csv(text: &str) -> Option<Vec<Record>> {
    let mut rows = cells(text)?.into_iter();
    let header: Vec<String> = rows.next()?.iter().map(|name| key(name)).collect();
    let row = |row: Vec<String>| (row.len() <= header.len()).then(|| Record(header.iter().cloned().zip(row).collect()));
    (header.len() > 1).then(|| rows.filter(|row| row.iter().any(|cell| !cell.is_empty())).map(row).collect())?
}

/// All cells; `None` where a quote does not end.
fn cells(text: &str) -> Option<Vec<Vec<String>>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            _ if quoted => cell.push(c),
            ',' => row.push(std::mem::take(&mut cell)),
            '\n' => {
                row.push(std::mem::take(&mut cell).trim_end_matches('\r').to_owned());
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    (!quoted).then_some(rows)
}

fn key(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
