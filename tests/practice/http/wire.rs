//! Reading and writing HTTP/1.1.

use super::message::{Request, Response};
use std::io::{self, BufRead, BufReader, Read, Write};

/// Reads a request, its body included. `InvalidData` is the client's fault and worth a 400.
pub fn read_request(stream: &mut (impl Read + Write)) -> io::Result<Request> {
    let mut reader = BufReader::new(&mut *stream);
    let mut left = LONGEST_HEAD;
    let first = line(&mut reader, &mut left)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or("").to_owned(), words.next().unwrap_or("").to_owned());
    if method.is_empty() || !target.starts_with('/') {
        return Err(bad("no request line"));
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request { method, path: path.into(), query: query.into(), headers: Vec::new(), body: Vec::new() };
    loop {
        let text = line(&mut reader, &mut left)?;
        if text.is_empty() {
            break;
        }
        let (name, value) = text.split_once(':').ok_or_else(|| bad("a header without a colon"))?;
        request.headers.push((name.trim().into(), value.trim().into()));
    }
    if request.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        reader.get_mut().flush()?;
    }
    request.body = body(&mut reader, &request)?;
    Ok(request)
}

/// Writes a response; with `cut`, only so many bytes of the body that it announces.
pub fn write_response(stream: &mut impl Write, response: &Response, cut: Option<usize>) -> io::Result<()> {
    let mut head = head(response);
    head.push_str(&format!("Content-Length: {}\r\n\r\n", response.body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&response.body[..cut.unwrap_or(response.body.len())])?;
    stream.flush()
}

/// Writes a response after which the client may ask again.
pub fn write_kept(stream: &mut impl Write, response: &Response) -> io::Result<()> {
    let head = head(response).replacen("Connection: close\r\n", "", 1);
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n", response.body.len()).as_bytes())?;
    stream.write_all(&response.body)?;
    stream.flush()
}

/// Writes the body again and again, without a length, until the client goes away or has had 256 MiB.
pub fn write_endless(stream: &mut impl Write, response: &Response) -> io::Result<()> {
    stream.write_all((head(response) + "\r\n").as_bytes())?;
    let block: Vec<u8> = response.body.iter().copied().chain([b' ']).cycle().take(64 * 1024).collect();
    for _ in 0..4096 {
        stream.write_all(&block)?;
    }
    stream.flush()
}

fn head(response: &Response) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\nConnection: close\r\n", response.status, reason(response.status));
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}

fn body(reader: &mut impl BufRead, request: &Request) -> io::Result<Vec<u8>> {
    let chunked = request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    if chunked {
        return chunks(reader);
    }
    let Some(length) = request.header("content-length") else { return Ok(Vec::new()) };
    let length: usize = length.parse().map_err(|_| bad("a length that is no number"))?;
    if length > LONGEST_BODY {
        return Err(bad("a body that is too long"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(reader, &mut 1024)?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or("").trim(), 16);
        let size = size.map_err(|_| bad("a chunk without a size"))?;
        if body.len() + size > LONGEST_BODY {
            return Err(bad("a body that is too long"));
        }
        let start = body.len();
        body.resize(start + size, 0);
        reader.read_exact(&mut body[start..])?;
        let end = line(reader, &mut 1024)?;
        if size == 0 && end.is_empty() {
            return Ok(body);
        }
    }
}

/// One line without its end; `left` is what the whole head may still use.
fn line(reader: &mut impl BufRead, left: &mut u64) -> io::Result<String> {
    let mut text = Vec::new();
    let count = reader.take(*left).read_until(b'\n', &mut text)?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    *left -= u64::try_from(count).unwrap();
    if text.pop() != Some(b'\n') {
        return Err(bad("a head that is too long or cut off"));
    }
    if text.last() == Some(&b'\r') {
        text.pop();
    }
    String::from_utf8(text).map_err(|_| bad("a head that is no text"))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}

const LONGEST_HEAD: u64 = 256 * 1024;
const LONGEST_BODY: usize = 512 * 1024 * 1024;
