use super::*;
use crate::broker::outward::Token;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

/// Answers one connection with these bytes and hands back what was asked.
pub fn server(answer: impl FnOnce(&mut std::net::TcpStream) + Send + 'static) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = vec![0; 8192];
        let length = stream.read(&mut asked).unwrap();
        answer(&mut stream);
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    (url, thread)
}

fn with(answer: &'static [u8]) -> (String, JoinHandle<String>) {
    server(move |stream| stream.write_all(answer).unwrap())
}

fn outward() -> Outward {
    Outward::new(None).unwrap()
}

#[tokio::test]
async fn a_reply_is_handed_over_whatever_its_status() {
    let (url, thread) = with(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\ncontent-length: 2\r\n\r\nno");
    let call = Call::form(format!("{url}/x?secret=1"), [("a", "b c")]).header("authorization", "Bearer t");
    assert_eq!(format!("{call:?}"), format!("Call(Post {url}/x)"));
    let reply = outward().send(call).await.unwrap();
    assert_eq!((reply.status, reply.body.expose()), (429, b"no".as_slice()));
    assert_eq!(reply.retry_after(), Some(Duration::from_secs(7)));
    let asked = thread.join().unwrap();
    assert!(asked.starts_with("POST /x?secret=1 HTTP/1.1\r\n") && asked.ends_with("a=b+c"), "{asked}");
    assert!(asked.contains("application/x-www-form-urlencoded") && asked.contains("bitbucket-sso-broker/"), "{asked}");
}

#[tokio::test]
async fn a_redirect_is_a_reply_and_is_not_followed() {
    let (url, _) = with(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(outward().send(Call::get(url)).await.unwrap().status, 302);
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let (url, _) = server(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&vec![b'x'; 65536]).is_ok() {}
    });
    let error = outward().send(Call::get(url)).await.unwrap_err();
    assert!(matches!(error, NetError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    for (url, link_local) in [
        ("http://example.com/", false),
        ("http://example.com/", true),
        ("http://169.254.169.254/", false),
        ("http://10.0.0.1/", true),
        ("http://u:p@169.254.169.254/", true),
        ("ftp://127.0.0.1/", true),
        ("nonsense", false),
    ] {
        let error = outward().send(Call { link_local, ..Call::get(url) }).await.unwrap_err();
        assert!(matches!(error, NetError::Unreachable { .. }), "{url}: {error}");
    }
    let outward = outward();
    assert!(outward.client_for(&Call::get("http://169.254.169.254/x").to_link_local()).is_ok());
    assert!(outward.client_for(&Call::get("https://example.com/")).is_ok());
}

#[tokio::test]
async fn a_machines_own_identity_is_asked_for_as_the_metadata_service_wants() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 43\r\n\r\n{\"access_token\":\"mi-1\",\"expires_in\":\"3599\"}";
    let (url, thread) = with(answer);
    let outward = outward().with_metadata_at(&format!("{url}/"));
    let token = outward.managed_identity("https://graph.microsoft.com", Some("id-1")).await.unwrap();
    assert_eq!((token.token.expose(), token.life), ("mi-1", Duration::from_secs(3599)));
    let asked = thread.join().unwrap();
    let path = "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fgraph.microsoft.com";
    assert!(asked.starts_with(&format!("{path}&client_id=id-1 ")) && asked.contains("metadata: true"), "{asked}");
    let (url, _) = with(b"HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\n{}");
    let error = outward.with_metadata_at(&url).managed_identity("r", None).await.unwrap_err();
    assert!(error.to_string().contains("status 400"), "{error}");
}

#[test]
fn an_answer_without_a_token_is_none() {
    for bad in ["", "{}", r#"{"access_token":"","expires_in":1}"#, r#"{"access_token":"x","expires_in":"soon"}"#] {
        assert!(Token::of_answer(bad.as_bytes()).is_none(), "{bad}");
    }
}

#[test]
fn an_unreadable_authority_is_said() {
    let error = Outward::new(Some(Path::new("/nowhere/ca.pem"))).err().unwrap();
    assert!(matches!(error, NetError::Trust { .. }), "{error}");
}
