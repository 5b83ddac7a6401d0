//! The course of a demo: enroll, push, enable, watch.
//!
//! Knows the server by its admin API alone. Invariant: every wait has a bound, and the hosts are
//! stopped before the course ends.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hyper::Method;
use mooring_server::Server;
use mooring_server::api::{ProfilePatch, Summary};
use mooring_sim::apns::ApnsServer;
use mooring_sim::{Fleet, Progress, TOPIC};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use super::DemoArgs;
use super::report::Report;
use super::view::View;
use crate::client::{Client, ClientError, segment};
use crate::commands::change::ChangeArgs;
use crate::commands::pushcert;
use crate::connection::Token;
use crate::output;
use crate::text::clean;
use crate::upload::{self, Loaded};

/// The built-in profiles that the demo enables for itself; none of them needs settings.
const BUILT_INS: [&str; 3] = [
    "com.mooring.builtin.firewall",
    "com.mooring.builtin.gatekeeper",
    "com.mooring.builtin.screenlock",
];
/// Longest wait for hosts to enroll before profiles are pushed: some may be told to be slow.
const ENROLLING_MAX: Duration = Duration::from_secs(15);
/// How often the counts are read in a run that ends by itself, and in one that is watched.
const RUN_LOOK: Duration = Duration::from_millis(100);
const LIVE_LOOK: Duration = Duration::from_millis(500);
/// Time without any change after which failures are taken as final: longer than the demo's waits
/// between its three attempts, and than a host waits that nobody wakes.
const FAILED_MAX: Duration = Duration::from_secs(10);
/// The same while something is still pending or unknown, which ought to change by itself.
const QUIET_MAX: Duration = Duration::from_secs(30);

/// What a demo needs.
pub(super) struct Stage {
    client: Client,
    hosts: u32,
    /// When a run that ends by itself is given up; `None` stays up until Ctrl-C.
    deadline: Option<Instant>,
    started: Instant,
}

impl Stage {
    /// A demo on this server.
    pub(super) fn new(
        server: &Server,
        args: &DemoArgs,
        started: Instant,
    ) -> Result<Self, ClientError> {
        let token = Token(server.token().to_owned());
        Ok(Self {
            client: Client::new(&server.admin_url(), &token, None)?,
            hosts: args.hosts,
            deadline: args.exit_when_applied.then(|| started + args.timeout),
            started,
        })
    }

    /// Sets a push certificate of this service, so that the hosts can be woken.
    pub(super) async fn let_push(&self, apns: &ApnsServer) -> anyhow::Result<()> {
        let pem = apns.push_certificate_pem(TOPIC);
        let pem = pem.context("the push certificate cannot be made")?;
        pushcert::put(&self.client, pem.into_bytes()).await?;
        Ok(())
    }

    /// Plays the demo with these hosts and profiles until its end, or until `stop` completes.
    pub(super) async fn play(
        &self,
        fleet: &mut Fleet,
        loaded: Loaded,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<Report> {
        let mut report = Report::new(u64::from(self.hosts));
        let (ending, ended) = oneshot::channel::<()>();
        let (telling, progress) = watch::channel(Progress::default());
        let hosts_stop = async {
            // Dropping the other end is the sign.
            let _ = ended.await;
        };
        let course = async {
            let ended = tokio::select! {
                ended = self.course(loaded, progress, &mut report) => ended,
                () = stop => Ok(()),
            };
            drop(ending);
            ended
        };
        let (summary, ended) = tokio::join!(
            fleet.run(hosts_stop, |now| {
                telling.send_replace(now.clone());
            }),
            course
        );
        ended?;
        let summary = summary?;
        report.contacts = summary.contacts;
        report.errors = summary.errors;
        if let Some(error) = summary.first_error {
            output::note(&format!("a host's exchange failed: {}", clean(&error)));
        }
        if report.elapsed_ms == 0 {
            report.elapsed_ms = self.elapsed_ms();
        }
        Ok(report)
    }

    async fn course(
        &self,
        loaded: Loaded,
        mut progress: watch::Receiver<Progress>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let mut view = View::new(self.hosts, self.deadline.is_none());
        let everyone = progress.wait_for(|now| now.hosts > 0 && now.enrolled == now.hosts);
        // A host that is late gets its profiles all the same.
        let _ = tokio::time::timeout(ENROLLING_MAX, everyone).await;
        let sent = upload::send(&self.client, loaded, false, &ChangeArgs::default(), |_| {}).await;
        report.note_files(&sent.results, |text| view.say(text));
        if let Some(error) = sent.error {
            return Err(error.into());
        }
        for name in BUILT_INS {
            match self.enable(name).await {
                Ok(()) => report.builtins_enabled += 1,
                Err(error) => view.say(&format!("{name} is not enabled: {error}")),
            }
        }
        let Some(deadline) = self.deadline else {
            return Ok(self.watch(&mut view, report).await?);
        };
        let settled = self.settle(&mut view, report);
        let left = deadline.saturating_duration_since(Instant::now());
        let settled = tokio::time::timeout(left, settled).await;
        report.elapsed_ms = self.elapsed_ms();
        view.clear();
        match settled {
            Ok(settled) => settled?,
            Err(_) => output::note("time is up; --timeout gives more"),
        }
        Ok(())
    }

    async fn enable(&self, identifier: &str) -> Result<(), ClientError> {
        let path = format!("/api/v1/profiles/{}", segment(identifier));
        let patch = ProfilePatch {
            enabled: true,
            settings: None,
        };
        self.client.send(Method::PATCH, &path, &patch).await?;
        Ok(())
    }

    /// Shows the counts for ever.
    async fn watch(&self, view: &mut View, report: &mut Report) -> Result<(), ClientError> {
        loop {
            self.look(view, report).await?;
            sleep(LIVE_LOOK).await;
        }
    }

    /// Waits until every host is applied, or nothing more is going to happen.
    async fn settle(&self, view: &mut View, report: &mut Report) -> Result<(), ClientError> {
        let mut last: Option<Summary> = None;
        let mut changed = Instant::now();
        loop {
            let summary = self.look(view, report).await?;
            if report.is_applied() {
                return Ok(());
            }
            let is_done = report.pending == 0 && report.unknown == 0;
            let quiet_max = if is_done { FAILED_MAX } else { QUIET_MAX };
            if last.as_ref() != Some(&summary) {
                changed = Instant::now();
            }
            if changed.elapsed() > quiet_max {
                view.say("nothing more happens by itself, and not every host is applied");
                return Ok(());
            }
            last = Some(summary);
            sleep(RUN_LOOK).await;
        }
    }

    async fn look(&self, view: &mut View, report: &mut Report) -> Result<Summary, ClientError> {
        let summary: Summary = self.client.get_document("/api/v1/status").await?;
        report.note_hosts(&summary);
        view.show(report);
        Ok(summary)
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
