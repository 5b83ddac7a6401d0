//! One HTTP/1.1 connection that sends prepared bytes and finds the end of the answer, no more.
//!
//! Knows nothing of what is said. Invariant: it costs as little as can be, since the load shares
//! the machine with what it measures; an answer that is not as the server writes them is an error
//! and never guessed at.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A connection at work.
#[derive(Debug)]
pub(crate) struct Line<S> {
    stream: S,
    buffer: Vec<u8>,
    /// Bytes of all answers.
    received: u64,
}

/// An answer, as long as the next request is not sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// What the head of an answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    body_at: usize,
    body_bytes: usize,
}

impl Line<TcpStream> {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// Speaks over a stream that is connected.
    pub(crate) fn over(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
            received: 0,
        }
    }

    /// Bytes of all answers so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Sends a request and waits for its whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        self.buffer.clear();
        let head = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = read_head(&self.buffer)? {
                break head;
            }
        };
        let end = head.body_at + head.body_bytes;
        while self.buffer.len() < end {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.received += end as u64;
        Ok(Reply {
            status: head.status,
            body: &self.buffer[head.body_at..end],
        })
    }
}

/// Reads a head; `None` while it has not arrived whole.
fn read_head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > HEAD_BYTES_MAX {
            Err(strange("a head without an end"))
        } else {
            Ok(None)
        };
    };
    let mut lines = bytes[..end].split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let status = first
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| number(rest.get(..3)?))
        .and_then(|status| u16::try_from(status).ok())
        .ok_or_else(|| strange("no status"))?;
    let name = b"content-length:";
    let length = lines.find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        found.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
    });
    let body_bytes = match (length, status) {
        (Some(length), _) => number(length).ok_or_else(|| strange("an odd length"))?,
        (None, 204 | 304) => 0,
        (None, _) => return Err(strange("no length")),
    };
    Ok(Some(Head {
        status,
        body_at: end + 4,
        body_bytes,
    }))
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn strange(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Where `needle` first is in `hay`.
pub(crate) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = hay.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + at;
        if hay[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that heads are read whole or not at all, and that odd ones are refused.
    #[test]
    fn heads() {
        let whole = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 12\r\n\r\nhello world!";
        let head = read_head(whole).unwrap().unwrap();
        assert_eq!((head.status, head.body_bytes), (200, 12));
        assert_eq!(&whole[head.body_at..], b"hello world!");
        assert!(read_head(b"HTTP/1.1 200 OK\r\nContent-").unwrap().is_none());
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(read_head(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
        assert!(read_head(b"SMTP\r\n\r\n").is_err());
        let none = read_head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!(none.unwrap().body_bytes, 0);
    }

    /// Proves that the first occurrence is found, and only a whole one.
    #[test]
    fn finding() {
        assert_eq!(find(b"aab", b"ab"), Some(1));
        assert_eq!(find(b"aaa", b"ab"), None);
        assert_eq!(find(b"", b"a"), None);
    }
}
