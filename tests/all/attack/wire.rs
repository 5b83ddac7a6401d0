//! A client that keeps its connection, and sends what it is told to.
//!
//! Knows nothing of what it sends. Invariant: no answer is awaited for longer than
//! [`PATIENCE`].

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use mooring_tests::http::Answer;

/// Longest time for one read or write; reached only where the server fails.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A client with one connection at a time.
#[derive(Debug)]
pub(super) struct Wire {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Wire {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// A new connection.
    pub(super) fn connect(address: SocketAddr) -> TcpStream {
        let stream = TcpStream::connect(address).expect("a server that listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends a request and reads its answer; `headers` are whole lines with their ends.
    #[track_caller]
    pub(super) fn send(&mut self, line: &str, headers: &str, body: &[u8]) -> Answer {
        let request = [&head(line, headers, body.len()), body].concat();
        // The server may have closed a connection that was kept.
        let kept = self.stream.take();
        let answer = kept.and_then(|stream| self.ask(stream, &request).ok());
        answer.unwrap_or_else(|| {
            let answer = self.ask(Self::connect(self.address), &request);
            answer.unwrap_or_else(|error| panic!("{line}: {error}"))
        })
    }

    fn ask(&mut self, mut stream: TcpStream, request: &[u8]) -> io::Result<Answer> {
        // A server that refuses early may stop reading; its answer still counts.
        let written = stream.write_all(request);
        let answer = read_answer(&mut stream)?;
        if written.is_ok() && answer.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    /// A message of a device.
    #[track_caller]
    pub(super) fn message(&mut self, body: &[u8]) -> Answer {
        self.send("PUT /mdm", "", body)
    }
}

/// The head of a request with a body of that length.
pub(super) fn head(line: &str, headers: &str, length: usize) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n")
        .into_bytes()
}

/// Announces a body of that length, and gives the answer that comes without a byte of it.
#[track_caller]
pub(super) fn announce(address: SocketAddr, line: &str, length: usize) -> Answer {
    let mut stream = Wire::connect(address);
    stream.write_all(&head(line, "", length)).unwrap();
    read_answer(&mut stream).expect("an answer")
}

/// Reads one answer, and nothing that follows it.
pub(super) fn read_answer(stream: &mut impl Read) -> io::Result<Answer> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.and_then(|status| status.parse().ok());
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    });
    let mut answer = Answer {
        status: status.ok_or_else(|| io::Error::other("no status"))?,
        headers: headers.collect(),
        body: Vec::new(),
    };
    let length = answer.header("content-length").unwrap_or("0").parse();
    answer.body = vec![0; length.map_err(io::Error::other)?];
    stream.read_exact(&mut answer.body)?;
    Ok(answer)
}
