//! A socket that gives up on whoever is too slow.
//!
//! Below TLS and HTTP, and knows of both only when a request's head is awaited. Invariants: no
//! read waits longer than the bound of what is awaited; no write waits longer than its bound
//! without the client taking something; a client that was given up on is reset, so that nothing
//! unsent stays in the system's memory.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::bounds::Bounds;

const ANSWERING: u8 = 0;
const IDLE: u8 = 1;
const HEAD: u8 = 2;

/// What a connection awaits from its client; shared by the socket and who answers on it.
#[derive(Debug, Default)]
pub(super) struct Turn(AtomicU8);

impl Turn {
    /// A request is read and answered, or a handshake goes on: others bound how long.
    pub(super) fn answering(&self) {
        self.0.store(ANSWERING, Ordering::Relaxed);
    }

    /// The next request may come, or not.
    pub(super) fn idle(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    /// A request has begun, or must begin now.
    pub(super) fn head(&self) {
        self.0.store(HEAD, Ordering::Relaxed);
    }
}

/// A wait with an end. Its timer stays registered from one wait to the next and is moved only when
/// it would be too late, or has rung too early: a timer for each request would cost more than
/// reading it.
#[derive(Debug, Default)]
struct Wait {
    until: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Wait {
    /// Whether the wait, which begins now unless it did before, is over.
    fn is_over(&mut self, time: Duration, cx: &mut Context<'_>) -> bool {
        let until = *self.until.get_or_insert_with(|| Instant::now() + time);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= until {
                return true;
            }
            timer.as_mut().reset(until);
        }
        false
    }

    fn end(&mut self) {
        self.until = None;
    }
}

/// A socket with the bounds of its connection.
#[derive(Debug)]
pub(super) struct BoundedStream {
    socket: TcpStream,
    turn: Arc<Turn>,
    bounds: Bounds,
    /// Since nothing was read, in the turn beside it.
    reading: Wait,
    reading_turn: u8,
    /// Since nothing could be written.
    writing: Wait,
}

impl BoundedStream {
    /// A stream over `socket`; nothing is bounded in reading until `turn` says so.
    pub(super) fn new(socket: TcpStream, turn: Arc<Turn>, bounds: Bounds) -> Self {
        Self {
            socket,
            turn,
            bounds,
            reading: Wait::default(),
            reading_turn: ANSWERING,
            writing: Wait::default(),
        }
    }

    /// Whether a read that waits has waited for too long.
    fn is_read_late(&mut self, cx: &mut Context<'_>) -> bool {
        let turn = self.turn.0.load(Ordering::Relaxed);
        let time = match turn {
            HEAD => self.bounds.head,
            IDLE => self.bounds.idle,
            _ => {
                self.reading.end();
                return false;
            }
        };
        // While an answer waits to be taken, the bound of writing holds.
        if self.writing.until.is_some() {
            return false;
        }
        if self.reading_turn != turn {
            self.reading_turn = turn;
            self.reading.end();
        }
        self.reading.is_over(time, cx)
    }

    /// What a write that came to `written` means for the timers.
    fn watch_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            // After an answer the wait for the next request begins anew.
            self.writing.end();
            self.reading.end();
            return written;
        }
        if self.writing.is_over(self.bounds.write, cx) {
            return Poll::Ready(Err(self.give_up("an answer was not taken in time")));
        }
        Poll::Pending
    }

    fn give_up(&mut self, why: &'static str) -> io::Error {
        if let Err(error) = self.socket.set_zero_linger() {
            tracing::debug!(%error, "a connection is closed, but not reset");
        }
        io::Error::new(io::ErrorKind::TimedOut, why)
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        if read.is_pending() {
            return if self.is_read_late(cx) {
                Poll::Ready(Err(self.give_up("a request did not arrive in time")))
            } else {
                Poll::Pending
            };
        }
        if buffer.filled().len() > before && self.turn.0.load(Ordering::Relaxed) == IDLE {
            self.turn.head();
        }
        read
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.watch_write(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, parts);
        self.watch_write(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// A socket has nothing of its own to flush, and ends its side at once: neither can wait.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
