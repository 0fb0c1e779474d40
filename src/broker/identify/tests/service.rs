//! A server that answers as it is told and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// It runs until the test's process ends.
pub struct Service {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Status, further header lines, body.
pub type Answer = (u16, &'static str, String);

impl Service {
    /// `answer` is given the request line, headers and body.
    pub fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                std::thread::spawn(move || serve(&mut stream.unwrap(), &*answer, &log));
            }
        });
        Self { url, asked }
    }

    /// What was asked so far, request lines first.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How often something was asked.
    pub fn count(&self, part: &str) -> usize {
        self.asked().iter().filter(|asked| asked.contains(part)).count()
    }
}

fn serve(stream: &mut TcpStream, answer: &(dyn Fn(&str) -> Answer + Send + Sync), log: &Mutex<Vec<String>>) {
    let request = request(stream);
    log.lock().unwrap().push(request.clone());
    let (status, headers, body) = answer(&request);
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n");
    _ = stream.write_all(head.as_bytes());
    _ = stream.write_all(body.as_bytes());
}

fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        let length = stream.read(&mut some).unwrap();
        bytes.extend_from_slice(&some[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length == 0 || body.len() >= wanted.map_or(0, |wanted| wanted.parse().unwrap()) {
            return text;
        }
    }
}
