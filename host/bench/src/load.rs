//! Many devices that connect at once: who says what, how long each answer took.
//!
//! Knows nothing of processor time; whoever calls looks at the server before and after. Invariant:
//! an answer that the course does not provide for ends the run with an error, so no figure is made
//! of refused requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::BenchError;
use crate::device::{Command, Device, Order};
use crate::sample::Latencies;
use crate::wire::{Line, Reply};

/// Answers that one device needs at most; more is a loop.
const STEPS_MAX: usize = 4096;

/// What devices do once they are connected.
#[derive(Debug, Clone)]
pub(crate) enum Visit {
    /// Ask for work so many times; there is none.
    Idle { rounds: usize },
    /// Ask for work, and keep the command for later.
    Ask,
    /// Acknowledge the kept command and all that follow, up to the first that installs nothing,
    /// which is kept.
    Install,
    /// Answer the kept command, or ask for work, and go on until there is nothing more. A list is
    /// answered with this.
    Finish { list: Arc<str> },
}

/// Devices, and the command that each has.
#[derive(Debug)]
pub(crate) struct Crowd {
    devices: Vec<Device>,
    kept: Vec<Mutex<Option<Command>>>,
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    /// Bytes of all answers.
    pub(crate) received: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Latencies,
}

impl Outcome {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        crate::sample::float(self.requests) / self.elapsed.as_secs_f64().max(1e-9)
    }
}

impl Crowd {
    /// These devices; none has a command.
    pub(crate) fn new(devices: Vec<Device>) -> Arc<Self> {
        let kept = devices.iter().map(|_| Mutex::new(None)).collect();
        Arc::new(Self { devices, kept })
    }

    pub(crate) fn len(&self) -> usize {
        self.devices.len()
    }

    /// Lets all of them visit over so many connections at once.
    pub(crate) async fn visit(
        self: &Arc<Self>,
        address: SocketAddr,
        connections: usize,
        visit: &Visit,
    ) -> Result<Outcome, BenchError> {
        let connections = connections.clamp(1, self.len().max(1));
        let mut lines = Vec::with_capacity(connections);
        for _ in 0..connections {
            let line = Line::connect(address).await;
            lines.push(line.map_err(|source| BenchError::Exchange { address, source })?);
        }
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for (first, line) in lines.into_iter().enumerate() {
            let (crowd, visit) = (Arc::clone(self), visit.clone());
            tasks.spawn(async move {
                let mut talk = Talk::new(line, address);
                let places = (first..crowd.len()).step_by(connections);
                match crowd.go(places, &mut talk, &visit).await {
                    Ok(()) => Ok((talk.latencies, talk.line.received())),
                    Err(error) => Err(error),
                }
            });
        }
        let mut outcome = Outcome::default();
        while let Some(done) = tasks.join_next().await {
            let (latencies, received) = done.map_err(|_| BenchError::Interrupted)??;
            outcome.requests += latencies.len() as u64;
            outcome.received += received;
            outcome.latencies.absorb(latencies);
        }
        outcome.elapsed = begun.elapsed();
        Ok(outcome)
    }

    async fn go(
        &self,
        places: impl Iterator<Item = usize> + Clone,
        talk: &mut Talk,
        visit: &Visit,
    ) -> Result<(), BenchError> {
        let rounds = match visit {
            Visit::Idle { rounds } => *rounds,
            Visit::Ask | Visit::Install | Visit::Finish { .. } => 1,
        };
        for _ in 0..rounds {
            for place in places.clone() {
                let (device, kept) = (&self.devices[place], &self.kept[place]);
                let before = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
                let after = talk.carry_out(device, before, visit).await?;
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = after;
            }
        }
        Ok(())
    }
}

/// One connection's talk.
struct Talk {
    line: Line<TcpStream>,
    address: SocketAddr,
    request: Vec<u8>,
    latencies: Latencies,
}

impl Talk {
    fn new(line: Line<TcpStream>, address: SocketAddr) -> Self {
        Self {
            line,
            address,
            request: Vec::with_capacity(32 * 1024),
            latencies: Latencies::default(),
        }
    }

    /// Does what `visit` says and returns the command that is left.
    async fn carry_out(
        &mut self,
        device: &Device,
        kept: Option<Command>,
        visit: &Visit,
    ) -> Result<Option<Command>, BenchError> {
        match visit {
            Visit::Idle { .. } => match self.ask(device).await? {
                None => Ok(None),
                Some(command) => Err(unexpected(&command)),
            },
            Visit::Ask => self.ask(device).await,
            Visit::Install => {
                let mut next = kept;
                while let Some(command) = next.take_if(|one| one.order == Order::InstallProfile) {
                    next = self.answer(device, &command, "").await?;
                }
                Ok(next)
            }
            Visit::Finish { list } => {
                let mut next = match kept {
                    Some(command) => Some(command),
                    None => self.ask(device).await?,
                };
                for _ in 0..STEPS_MAX {
                    let Some(command) = next else {
                        return Ok(None);
                    };
                    let extra = match command.order {
                        Order::ProfileList => list,
                        Order::InstallProfile | Order::RemoveProfile => "",
                        Order::Other => return Err(unexpected(&command)),
                    };
                    next = self.answer(device, &command, extra).await?;
                }
                Err(BenchError::Wrong {
                    doing: "a device that works until there is nothing more to do",
                    wrong: format!("{} gets no rest", device.udid()),
                })
            }
        }
    }

    async fn ask(&mut self, device: &Device) -> Result<Option<Command>, BenchError> {
        device.idle(&mut self.request);
        self.send().await
    }

    async fn answer(
        &mut self,
        device: &Device,
        command: &Command,
        extra: &str,
    ) -> Result<Option<Command>, BenchError> {
        device.acknowledge(&command.uuid, extra, &mut self.request);
        self.send().await
    }

    async fn send(&mut self) -> Result<Option<Command>, BenchError> {
        let begun = Instant::now();
        let reply = self.line.exchange(&self.request).await;
        let took = begun.elapsed();
        let address = self.address;
        let reply = reply.map_err(|source| BenchError::Exchange { address, source })?;
        self.latencies.note(took);
        understood(reply)
    }
}

/// The command in an answer, if there is one.
pub(crate) fn understood(reply: Reply<'_>) -> Result<Option<Command>, BenchError> {
    match (reply.status, reply.body) {
        (200, []) => Ok(None),
        (status, body) => match Command::read(body).filter(|_| status == 200) {
            Some(command) => Ok(Some(command)),
            None => Err(BenchError::Answer {
                doing: "a device's message",
                status,
                body: beginning(body),
            }),
        },
    }
}

/// As much of a body as helps.
pub(crate) fn beginning(body: &[u8]) -> String {
    const SHOWN: usize = 300;
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    text.trim().to_owned()
}

fn unexpected(command: &Command) -> BenchError {
    BenchError::Wrong {
        doing: "a device that should have nothing to do",
        wrong: format!("it was sent {:?} {}", command.order, command.uuid),
    }
}
