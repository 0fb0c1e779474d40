//! The browser that brought the answer, waiting for its page.

use super::Fields;
use crate::basis::page::POLICY;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The answer, and the browser that waits for what becomes of it.
pub struct Visit {
    fields: Fields,
    languages: String,
    stream: TcpStream,
}

impl Visit {
    pub(super) fn new(fields: Fields, languages: String, stream: TcpStream) -> Self {
        Self { fields, languages, stream }
    }

    /// What it brought.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Its `Accept-Language` header.
    pub fn languages(&self) -> &str {
        &self.languages
    }

    /// Shows a page of ours. The caller has escaped everything in it.
    pub fn page(self, html: &str) {
        send(&self.stream, 200, "", html);
    }
}

/// Answers somebody who is not waited for.
pub(super) fn refuse(stream: &TcpStream, status: u16) {
    send(stream, status, if status == 405 { "Allow: GET, POST\r\n" } else { "" }, "");
}

fn send(mut stream: &TcpStream, status: u16, more: &str, html: &str) {
    let length = html.len();
    let answer = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         {more}Content-Security-Policy: {POLICY}\r\n{HEADERS}\r\n{html}",
        reason(status)
    );
    let ready = stream.set_nonblocking(false).and_then(|()| stream.set_write_timeout(Some(LONGEST_WRITE)));
    if ready.and_then(|()| stream.write_all(answer.as_bytes())).is_err() {
        return;
    }
    // Bytes that were never read would make the close a reset, and the browser might lose the page.
    _ = stream.shutdown(std::net::Shutdown::Write);
    if stream.set_nonblocking(true).is_ok() {
        let mut rest = [0; 4096];
        let mut left = 32;
        while left > 0 && matches!(stream.read(&mut rest), Ok(n) if n > 0) {
            left -= 1;
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        _ => "Error",
    }
}

const HEADERS: &str = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
Referrer-Policy: no-referrer\r\nConnection: close\r\n";
const LONGEST_WRITE: Duration = Duration::from_secs(5);
