//! A person at a browser, scripted: follows redirects and presses the buttons of the practice pages.

use super::client::{Answer, Client};
use super::codec::{self, Pairs, unescape};
use std::io::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;
use url::Url;

/// What the person does.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Signs in with this name; `None` presses Cancel.
    pub upn: Option<String>,
    /// Grants access at Bitbucket, or denies it.
    pub grant: bool,
    /// Types this user code on the device page.
    pub user_code: String,
    /// Presses the button of a form on a loopback page of the product, if there is one.
    pub confirm: bool,
    /// Sends these headers to https sites, for example `x-emul-device: compliant`.
    pub headers: Pairs,
}

/// Where the walk ended.
#[derive(Clone, Debug)]
pub struct Page {
    pub url: String,
    pub answer: Answer,
    /// All URLs on the way, the last included.
    pub trail: Vec<String>,
}

impl Choice {
    /// Signs in with this name and agrees to everything.
    pub fn sign_in(upn: &str) -> Self {
        Self { upn: Some(upn.into()), grant: true, user_code: String::new(), confirm: true, headers: Vec::new() }
    }

    /// Presses Cancel on the sign-in page.
    pub fn cancel() -> Self {
        Self { upn: None, ..Self::sign_in("") }
    }

    /// Signs in, but denies Bitbucket's question.
    pub fn deny(upn: &str) -> Self {
        Self { grant: false, ..Self::sign_in(upn) }
    }
}

/// Walks from `url` until a page offers nothing more to do.
pub fn walk(url: &str, ca: &Path, choice: &Choice) -> Result<Page, Error> {
    Browser { client: Client::new(ca), cookies: Vec::new(), trail: Vec::new(), choice }.walk(url)
}

struct Browser<'a> {
    client: Client,
    /// Origin, name, value.
    cookies: Vec<(String, String, String)>,
    trail: Vec<String>,
    choice: &'a Choice,
}

struct Form {
    post: bool,
    action: Url,
    choice: String,
    mischief: String,
    inputs: Pairs,
}

impl Browser<'_> {
    fn walk(mut self, url: &str) -> Result<Page, Error> {
        let mut url = Url::parse(url).map_err(Error::other)?;
        let mut answer = self.request("GET", &url, None, None)?;
        for _ in 0..MOST_STEPS {
            if let Some(next) = onward(&url, &answer) {
                let mischief = answer.header("x-emul-mischief").unwrap_or_default().to_owned();
                self.play(&mischief, &next, "GET", None)?;
                url = next;
                answer = self.request("GET", &url, None, None)?;
                continue;
            }
            let Some(form) = self.pressed(&url, &answer) else {
                return Ok(Page { url: url.into(), answer, trail: self.trail });
            };
            answer = self.submit(&url, &form)?;
            url = form.action;
        }
        Err(Error::other(format!("going round in circles at {url}")))
    }

    /// The form whose button this person presses.
    fn pressed(&self, url: &Url, answer: &Answer) -> Option<Form> {
        if !answer.header("content-type").unwrap_or_default().starts_with("text/html") {
            return None;
        }
        let Choice { upn, grant, user_code, confirm, .. } = self.choice;
        let wanted = |form: &Form| match form.choice.as_str() {
            "auto" => true,
            "" => *confirm && url.scheme() == "http",
            "grant" => *grant,
            "deny" => !grant,
            "code" => !user_code.is_empty(),
            "cancel" => upn.is_none(),
            other => upn.as_deref().is_some_and(|upn| other.eq_ignore_ascii_case(&format!("sign-in:{upn}"))),
        };
        let mut form = forms(url, &answer.text()).into_iter().find(wanted)?;
        if form.choice == "code" {
            form.inputs.iter_mut().filter(|(name, _)| name == "otc").for_each(|(_, value)| value.clone_from(user_code));
        }
        Some(form)
    }

    fn submit(&mut self, from: &Url, form: &Form) -> Result<Answer, Error> {
        let body = codec::write_form(&form.inputs);
        if form.mischief.split(' ').any(|kind| kind == "get") {
            let mut by_get = form.action.clone();
            by_get.set_query(Some(&body));
            self.request("GET", &by_get, None, None)?;
        }
        let method = if form.post { "POST" } else { "GET" };
        self.play(&form.mischief, &form.action, method, Some(&body))?;
        let mut action = form.action.clone();
        if !form.post {
            action.set_query(Some(&body));
            return self.request("GET", &action, Some(from), None);
        }
        self.request("POST", &action, Some(from), Some(&body))
    }

    /// What a rude browser does before it delivers.
    fn play(&mut self, mischief: &str, target: &Url, method: &str, body: Option<&str>) -> Result<(), Error> {
        for kind in mischief.split(' ') {
            match kind {
                "favicon" => {
                    let icon = target.join("/favicon.ico").map_err(Error::other)?;
                    self.request("GET", &icon, None, None)?;
                }
                "double" => {
                    // The second delivery follows; the first one's answer is not waited for.
                    let mut first = TcpStream::connect((host(target), target.port().unwrap_or(80)))?;
                    first.write_all(raw(method, target, body).as_bytes())?;
                    first.set_read_timeout(Some(Duration::from_millis(200)))?;
                    let _ = first.read(&mut [0; 64]);
                }
                "loris" => {
                    let mut slow = TcpStream::connect((host(target), target.port().unwrap_or(80)))?;
                    slow.write_all(b"POST / HT")?;
                    std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_secs(8));
                        drop(slow);
                    });
                }
                "huge" => {
                    let huge = format!("code={}", "x".repeat(80 * 1024));
                    let _ = self.request("POST", target, None, Some(&huge));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn request(&mut self, method: &str, url: &Url, from: Option<&Url>, body: Option<&str>) -> Result<Answer, Error> {
        self.trail.push(url.to_string());
        let origin = url.origin().ascii_serialization();
        let mut headers: Pairs = vec![
            ("User-Agent".into(), "Practice browser".into()),
            ("Accept".into(), "text/html,application/xhtml+xml,*/*;q=0.8".into()),
        ];
        if url.scheme() == "https" {
            headers.extend(self.choice.headers.iter().cloned());
        }
        let cookies = self.cookies.iter().filter(|(site, _, _)| *site == origin);
        let cookies: Vec<_> = cookies.map(|(_, name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.push(("Cookie".into(), cookies.join("; ")));
        }
        if let Some(from) = from.filter(|_| method == "POST") {
            headers.push(("Origin".into(), from.origin().ascii_serialization()));
        }
        if body.is_some() {
            headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.client.send(method, url.as_str(), &headers, body.unwrap_or_default().as_bytes())?;
        self.keep_cookies(&origin, &answer);
        Ok(answer)
    }

    fn keep_cookies(&mut self, origin: &str, answer: &Answer) {
        let set = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        for (name, value) in set.filter_map(|(_, text)| text.split(';').next()?.split_once('=')) {
            self.cookies.retain(|(site, known, _)| site != origin || known != name);
            self.cookies.push((origin.into(), name.into(), value.into()));
        }
    }
}

/// Where a redirect or a refresh tag leads.
fn onward(url: &Url, answer: &Answer) -> Option<Url> {
    if (300..400).contains(&answer.status) {
        let mut next = url.join(answer.header("location")?).ok()?;
        next.set_fragment(None);
        return Some(next);
    }
    let text = answer.text();
    let tag = tags(&text, "meta").into_iter().find(|tag| attribute(tag, "http-equiv").is_some())?;
    let content = attribute(tag, "content")?;
    url.join(content.split_once("url=")?.1.trim()).ok()
}

fn forms(url: &Url, text: &str) -> Vec<Form> {
    let starts = text.match_indices("<form").map(|(at, _)| at);
    starts.filter_map(|at| form(url, text[at..].split("</form>").next()?)).collect()
}

fn form(url: &Url, text: &str) -> Option<Form> {
    let tag = tags(text, "form").into_iter().next()?;
    let read = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
    // Of several buttons a person presses one.
    let button = tags(text, "button").into_iter().take(1).collect();
    let inputs = [tags(text, "input"), button].concat();
    Some(Form {
        post: attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")),
        action: url.join(&attribute(tag, "action").unwrap_or_default()).ok()?,
        choice: attribute(tag, "data-choice").unwrap_or_default(),
        mischief: attribute(tag, "data-mischief").unwrap_or_default(),
        inputs: inputs.into_iter().filter_map(read).collect(),
    })
}

fn tags<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name} ");
    text.match_indices(&open).filter_map(|(at, _)| text[at..].split('>').next()).collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next().map(unescape)
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn raw(method: &str, url: &Url, body: Option<&str>) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let body = body.unwrap_or_default();
    format!(
        "{method} {}{query} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        url.path(),
        host(url),
        url.port().unwrap_or(80),
        body.len()
    )
}

const MOST_STEPS: usize = 20;
