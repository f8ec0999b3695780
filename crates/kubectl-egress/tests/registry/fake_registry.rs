//! A registry that answers as a test wants it to, for as long as a value lives.

use std::io::{BufRead as _, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A server on a port of this machine. Its threads end with the test program.
pub(crate) struct FakeRegistry {
    host: &'static str,
    port: u16,
}

impl FakeRegistry {
    /// Each connection brings one request, and is closed after its answer. The answer is given the path that was asked
    /// for, and the value of the header `authorization`.
    pub(crate) fn start(answer: impl Fn(&str, Option<&str>, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1", answer)
    }

    /// The same at another address of this machine.
    pub(crate) fn at(
        host: &'static str,
        answer: impl Fn(&str, Option<&str>, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let answer = Arc::clone(&answer);
                thread::spawn(move || {
                    if let Some((path, authorization)) = read(&stream) {
                        answer(&path, authorization.as_deref(), &mut stream);
                    }
                });
            }
        });
        FakeRegistry { host, port }
    }

    /// Its host with its port.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Writes a whole answer. The client may be gone by then.
pub(crate) fn respond(stream: &mut impl Write, status: &str, headers: &str, body: &[u8]) {
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

fn read(stream: &TcpStream) -> Option<(String, Option<String>)> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut authorization = None;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            authorization = Some(value.to_owned());
        }
    }
    Some((path, authorization))
}
