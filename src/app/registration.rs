//! Whether our git include file registers a host, for the moment in which the configuration cannot be read.

use crate::basis::env::Env;
use crate::basis::url::WebUrl;
use crate::config::Places;
use crate::git::request::Request;

/// Whether `setup` has registered the host of a request. A broken configuration of ours must not let git ask
/// for a password on our hosts, and must not break any other (DESIGN.md section 5).
pub fn names(env: &Env, request: &Request) -> bool {
    let Some(file) = Places::of(env).git_include else { return false };
    let Ok(text) = fs_err::read_to_string(file) else { return false };
    let asked = format!("{}://{}", request.protocol, request.host).parse::<WebUrl>();
    asked.is_ok_and(|asked| urls(&text).any(|url| url.same_origin(&asked)))
}

/// The URLs of the section headers that `setup` writes.
fn urls(text: &str) -> impl Iterator<Item = WebUrl> {
    text.lines().filter_map(|line| {
        let url = line.trim().strip_prefix("[credential \"")?.strip_suffix("\"]")?;
        url.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_headers_are_found() {
        let text = "# ours\n[credential \"https://bitbucket.org\"]\n\thelper =\n[credential \"https://h:8443/ctx\"]\n";
        let found: Vec<String> = urls(text).map(|url| url.to_string()).collect();
        assert_eq!(found, ["https://bitbucket.org", "https://h:8443/ctx"]);
    }
}
