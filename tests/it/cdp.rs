//! A tiny client of Chromium's remote debugging: evaluate an expression in the first page, take a picture.

use crate::practice::client::Client;
use crate::practice::codec;
use crate::pty::until;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// A connection to one page.
pub struct Tab {
    stream: TcpStream,
    turn: u64,
}

impl Tab {
    /// The page of the Chromium that runs with this profile directory.
    pub fn of(profile: &Path, client: &Client) -> Self {
        let file = profile.join("DevToolsActivePort");
        let port: u16 = until(|| std::fs::read_to_string(&file).ok()?.lines().next()?.parse().ok()).expect("a port");
        let path = until(|| page(client, port)).expect("a page");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let key = codec::base64(&codec::random(16));
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        Self { stream, turn: 0 }
    }

    /// The value of an expression; null while there is no page to ask.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}));
        answer["result"]["result"]["value"].clone()
    }

    /// The same as if a key had been pressed: the page may open windows.
    pub fn evaluate_by_hand(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "userGesture": true});
        self.call("Runtime.evaluate", &asked)["result"]["result"]["value"].clone()
    }

    /// Lets that many milliseconds pass for the page's timers, at once.
    pub fn pass(&mut self, milliseconds: u64) {
        let budget = json!({"policy": "advance", "budget": milliseconds});
        let answer = self.call("Emulation.setVirtualTimePolicy", &budget);
        assert!(answer.get("result").is_some(), "{answer}");
    }

    /// A command and its answer; events in between are dropped.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.turn += 1;
        self.send(&json!({"id": self.turn, "method": method, "params": parameters}).to_string());
        loop {
            let message: Value = serde_json::from_slice(&self.receive()).unwrap();
            if message["id"] == self.turn {
                return message;
            }
        }
    }

    /// One masked text frame (RFC 6455 section 5.2).
    fn send(&mut self, text: &str) {
        let mut frame = vec![0x81];
        if let Some(length) = u8::try_from(text.len()).ok().filter(|length| *length < 126) {
            frame.push(MASKED | length);
        } else {
            frame.push(MASKED | TWO_BYTES);
            frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        }
        // A mask of zeros leaves the text as it is.
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut message = Vec::new();
        loop {
            let head: [u8; 2] = self.bytes(2).try_into().unwrap();
            let length = match head[1] & 0x7f {
                126 => u64::from(u16::from_be_bytes(self.bytes(2).try_into().unwrap())),
                127 => u64::from_be_bytes(self.bytes(8).try_into().unwrap()),
                short => u64::from(short),
            };
            message.extend(self.bytes(usize::try_from(length).unwrap()));
            if head[0] & 0x80 != 0 {
                return message;
            }
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }
}

const MASKED: u8 = 0x80;
/// The length follows in two bytes.
const TWO_BYTES: u8 = 0x7e;

/// Path of the first page's socket.
fn page(client: &Client, port: u16) -> Option<String> {
    let pages = client.get(&format!("http://127.0.0.1:{port}/json/list"), &[]).ok()?.json();
    let page = pages.as_array()?.iter().find(|page| page["type"] == "page")?;
    let socket = page["webSocketDebuggerUrl"].as_str()?;
    socket.find("/devtools/").map(|at| socket[at..].to_owned())
}
