//! `POST /git-credentials`: git's own lines in, git's own lines out, for machines that have nothing but curl.
//!
//! ```text
//! git config credential.helper '!f() { test "$1" = get && curl -sS --data-binary @- -H "@/run/token" URL; }; f'
//! ```

use crate::broker::desk::caller::Caller;
use crate::broker::desk::exchange::{Granted, Refused};
use crate::broker::desk::request::Request;
use crate::broker::ground::ask::Refusal;
use crate::broker::serve::answers;
use crate::broker::serve::form::{JWT, needed_bearer};
use crate::broker::serve::oauth;
use crate::broker::serve::routes::App;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

/// A credential, or `quit=1` with the reason in a header: git asks nobody else then.
pub async fn credentials(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = || asked(&body, needed_bearer(&headers)?);
    match app.desk.exchange(&caller, "credentials", read()).await {
        Ok(granted) => answers::typed(StatusCode::OK, TEXT, lines(&granted, app.desk.clock.now().0)),
        Err(refused) => quit(&refused),
    }
}

/// `protocol`, `host` and `path` of git's request; what else it says is not for us.
fn asked(body: &[u8], subject_token: crate::basis::secret::Assertion) -> Result<Request, Refusal> {
    let malformed = |why: &str| Refusal::Malformed(why.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| malformed("the body is no text"))?;
    let value = |key: &str| {
        let values: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect();
        match values.as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(*value).filter(|value| !value.is_empty())),
            _ => Err(malformed("git's request names something twice")),
        }
    };
    let missing = || malformed("git's request has no protocol and host");
    let (protocol, host) = (value("protocol")?.ok_or_else(missing)?, value("host")?.ok_or_else(missing)?);
    let path = value("path")?.map(|path| path.trim_end_matches("/info/lfs").trim_matches('/'));
    let (resource, audience) = match path.filter(|path| !path.is_empty()) {
        Some(path) => (Some(format!("{protocol}://{host}/{path}")), None),
        None => (None, Some(format!("{protocol}://{host}"))),
    };
    let subject_token_type = JWT.to_owned();
    Ok(Request { subject_token, subject_token_type, resource, audience, scope: None, life: None, brought: None })
}

fn lines(granted: &Granted, now: i64) -> String {
    let ends = now.saturating_add(i64::try_from(granted.life.as_secs()).unwrap_or(0));
    let (user, token) = (&granted.issued.username, granted.issued.token.expose());
    // A line end inside of a value would be a line of its own to git.
    if crate::basis::text::breaks_git(user) || crate::basis::text::breaks_git(token) {
        return "quit=1\n".to_owned();
    }
    format!("username={user}\npassword={token}\npassword_expiry_utc={ends}\n")
}

fn quit(refused: &Refused) -> Response {
    let mut response = oauth::refusal(refused);
    let refusal = &refused.refusal;
    let mut why = format!("{}: {}", refusal.name(), refusal.description());
    if let Refusal::Connect { url } = refusal {
        why = format!("{why} ({url})");
    }
    if let Refusal::Denied { contact: Some(contact), .. } = refusal {
        why = format!("{why} (ask {contact})");
    }
    let why = HeaderValue::from_str(&why).ok().map(|why| (HeaderName::from_static("x-broker-error"), why));
    response.headers_mut().extend(why);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(TEXT));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from("quit=1\n");
    response
}

const TEXT: &str = "text/plain; charset=utf-8";

#[cfg(test)]
mod tests {
    use crate::basis::secret::Assertion;

    fn asked(body: &str) -> Result<(Option<String>, Option<String>), &'static str> {
        let request = super::asked(body.as_bytes(), Assertion::new("t".into()));
        request.map(|request| (request.resource, request.audience)).map_err(|refusal| refusal.name())
    }

    #[test]
    fn gits_lines_name_a_repository_or_a_host() {
        let lines = "capability[]=authtype\nprotocol=https\nhost=bitbucket.org\n";
        assert_eq!(asked(lines), Ok((None, Some("https://bitbucket.org".into()))));
        let in_clear = asked("protocol=http\nhost=bitbucket.org\n");
        assert_eq!(in_clear, Ok((None, Some("http://bitbucket.org".into()))), "no host of ours");
        let repository = Ok((Some("https://bitbucket.org/acme/app.git".to_owned()), None));
        assert_eq!(asked(&format!("{lines}path=acme/app.git\n")), repository);
        assert_eq!(asked(&format!("{lines}path=acme/app.git/info/lfs\nwwwauth[]=Basic realm=\"x\"\n\n")), repository);
        for bad in ["", "host=x\n", "protocol=https\n", "protocol=https\nhost=a\nhost=b\n"] {
            assert_eq!(asked(bad), Err("invalid_request"), "{bad}");
        }
    }
}
