//! Reads the forms of RFC 6749, 7009 and 8693: each field once, nothing in the query, an empty value is none.

use crate::basis::form::Fields;
use crate::basis::secret::{Assertion, GitToken, RefreshToken};
use crate::broker::desk::request::Request;
use crate::broker::ground::ask::Refusal;
use crate::broker::serve::bounds::only;
use axum::http::{HeaderMap, Uri, header};
use std::time::Duration;

/// A form that was read.
pub struct Form(Fields);

impl Form {
    /// The form of a request.
    pub fn read(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        if uri.query().is_some() {
            return Err(malformed("parameters belong into the body"));
        }
        let kind = only(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(malformed("the body must be application/x-www-form-urlencoded"));
        }
        let text = std::str::from_utf8(body).map_err(|_| malformed("the body is no text"))?;
        let fields = Fields::of_form(text).ok_or_else(|| malformed("a parameter is there twice"))?;
        Ok(Self(fields))
    }

    /// A field that has a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    /// RFC 8693 section 2.1. `bearer` is what the `Authorization` header holds, if it is there.
    pub fn exchange(&self, bearer: Option<&Assertion>) -> Result<Request, Refusal> {
        let malformed = |why: &str| Refusal::Malformed(why.to_owned());
        match self.get("grant_type") {
            Some("urn:ietf:params:oauth:grant-type:token-exchange") => {}
            Some(_) => return Err(Refusal::GrantType),
            None => return Err(malformed("grant_type is missing")),
        }
        if self.get("actor_token").is_some() || self.get("actor_token_type").is_some() {
            return Err(malformed("nobody acts on behalf of somebody else here: no actor_token"));
        }
        if self.get("requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN) {
            return Err(malformed("only access tokens are issued"));
        }
        let token = self.get("subject_token").ok_or_else(|| malformed("subject_token is missing"))?;
        if bearer.is_some_and(|bearer| bearer.expose() != token) {
            return Err(malformed("the Authorization header is not the subject token"));
        }
        let kind = self.get("subject_token_type").ok_or_else(|| malformed("subject_token_type is missing"))?;
        Ok(self.request(Assertion::new(token.to_owned()), kind.to_owned(), self.life()?))
    }

    /// The same without the words of RFC 8693, for `/v1/explain`.
    pub fn question(&self, bearer: Assertion) -> Result<Request, Refusal> {
        Ok(self.request(bearer, JWT.to_owned(), self.life()?))
    }

    /// The token that RFC 7009 is about.
    pub fn token(&self) -> Result<GitToken, Refusal> {
        let missing = || Refusal::Malformed("token is missing".into());
        self.get("token").map(|token| GitToken::new(token.to_owned())).ok_or_else(missing)
    }

    fn request(&self, subject_token: Assertion, subject_token_type: String, life: Option<Duration>) -> Request {
        let text = |name: &str| self.get(name).map(str::to_owned);
        let (resource, audience, scope) = (text("resource"), text("audience"), text("scope"));
        let brought = text("refresh_token").map(RefreshToken::new);
        Request { subject_token, subject_token_type, resource, audience, scope, life, brought }
    }

    /// Our extension: for how many seconds the caller wants it, at most.
    fn life(&self) -> Result<Option<Duration>, Refusal> {
        let Some(digits) = self.get("requested_expires_in") else { return Ok(None) };
        let plain = digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = digits.parse::<u64>().ok().filter(|seconds| plain && *seconds > 0);
        let wrong = || Refusal::Malformed("requested_expires_in must be a number of seconds".into());
        seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(wrong)
    }
}

/// The token of an `Authorization: Bearer` header; an error if the header is there and is something else.
pub fn bearer(headers: &HeaderMap) -> Result<Option<Assertion>, Refusal> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let token = only(headers, header::AUTHORIZATION.as_str()).and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(Assertion::new(token.trim().to_owned())))
        }
        _ => Err(Refusal::Malformed("the Authorization header must be `Bearer TOKEN`".into())),
    }
}

/// A subject token in a header, where it must be.
pub fn needed_bearer(headers: &HeaderMap) -> Result<Assertion, Refusal> {
    let missing = || Refusal::Malformed("send your token as `Authorization: Bearer TOKEN`".into());
    bearer(headers)?.ok_or_else(missing)
}

pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub use crate::broker::desk::revoke::JWT;

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const GOOD: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=t&\
        subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&resource=https%3A%2F%2Fx%2Fa%2Fb";

    fn read_as(uri: &str, kind: &str, body: &str) -> Result<Request, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        Form::read(&uri.parse().unwrap(), &headers, body.as_bytes())?.exchange(None)
    }

    fn read(body: &str) -> Result<Request, Refusal> {
        read_as("/oauth2/token", "application/x-www-form-urlencoded; charset=UTF-8", body)
    }

    #[test]
    fn a_good_request_is_read_and_empty_values_are_none() {
        let request = read(&format!("{GOOD}&scope=&audience=&requested_expires_in=60&client_id=x")).unwrap();
        assert_eq!(request.resource.as_deref(), Some("https://x/a/b"));
        assert_eq!((request.scope, request.audience, request.life), (None, None, Some(Duration::from_secs(60))));
    }

    #[test]
    fn every_malformed_request_is_named() {
        let name = |body: &str| read(body).map_or_else(|refusal| refusal.name(), |_| "read");
        for more in [
            "&resource=https%3A%2F%2Fx%2Fa%2Fc",
            "&subject_token=u",
            "&scope=a&scope=a",
            "&actor_token=a",
            "&actor_token_type=a",
            "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Arefresh_token",
            "&requested_expires_in=0",
            "&requested_expires_in=-1",
            "&requested_expires_in=1e3",
            "&requested_expires_in=99999999999999999999",
        ] {
            assert_eq!(name(&format!("{GOOD}{more}")), "invalid_request", "{more}");
        }
        assert_eq!(name(&GOOD.replace("subject_token=t", "subject_token=")), "invalid_request");
        assert_eq!(name(&GOOD.replace("subject_token_type", "subject_token_typ")), "invalid_request");
        assert_eq!(name(&GOOD.replace("token-exchange", "jwt-bearer")), "unsupported_grant_type");
        assert_eq!(name(""), "invalid_request");
        let elsewhere = read_as("/oauth2/token?scope=x", "application/x-www-form-urlencoded", GOOD);
        assert!(matches!(elsewhere, Err(Refusal::Malformed(_))));
        for kind in ["application/json", "text/plain", "multipart/form-data"] {
            assert!(matches!(read_as("/oauth2/token", kind, GOOD), Err(Refusal::Malformed(_))), "{kind}");
        }
    }

    #[test]
    fn a_header_is_the_subject_token_or_an_error() {
        let headers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            headers
        };
        assert!(bearer(&HeaderMap::new()).unwrap().is_none() && needed_bearer(&HeaderMap::new()).is_err());
        assert_eq!(bearer(&headers("bearer t")).unwrap().unwrap().expose(), "t");
        for bad in ["Basic dTpw", "Bearer", "Bearer ", "t"] {
            assert!(bearer(&headers(bad)).is_err(), "{bad}");
        }
        let mut form = HeaderMap::new();
        form.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let form = Form::read(&"/oauth2/token".parse().unwrap(), &form, GOOD.as_bytes()).unwrap();
        assert!(form.exchange(Some(&Assertion::new("t".into()))).is_ok());
        assert!(form.exchange(Some(&Assertion::new("other".into()))).is_err());
    }
}
