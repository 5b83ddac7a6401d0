//! Where a run takes place: its folder, its fleets, its servers, its figures so far.
//!
//! Knows nothing of what is measured. Invariants: what is served is always a copy in a folder of
//! this run, which goes with it; a folder with anything that this benchmark did not put there is
//! refused.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::BenchError;
use crate::error::file;
use crate::options::Options;
use crate::report::{Report, Row};
use crate::seed::{Fleet, Plan, files};
use crate::server::{Entrance, Program, Site};

/// What marks a folder as one of this benchmark's.
const MARK: &str = "mooring-bench-fleets";

/// Where a run takes place.
pub(crate) struct Ground<'a> {
    pub(crate) options: &'a Options,
    pub(crate) program: Program,
    work: TempDir,
    kept: Option<PathBuf>,
    copies: u32,
    note: &'a mut dyn FnMut(&str),
    pub(crate) report: Report,
}

impl<'a> Ground<'a> {
    /// Makes the folder of a run.
    pub(crate) fn new(
        options: &'a Options,
        program: Program,
        note: &'a mut dyn FnMut(&str),
    ) -> Result<Self, BenchError> {
        let kept = options.keep.clone();
        if let Some(folder) = &kept {
            claim(folder)?;
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix("mooring-bench-");
        let above = kept.clone().unwrap_or_else(std::env::temp_dir);
        let work = builder.tempdir_in(&above).map_err(file(above, "used"))?;
        Ok(Self {
            options,
            program,
            work,
            kept,
            copies: 0,
            note,
            report: Report::default(),
        })
    }

    /// Says what goes on.
    pub(crate) fn say(&mut self, text: &str) {
        (self.note)(text);
    }

    /// Adds a figure, and says it.
    pub(crate) fn add(&mut self, row: Row) {
        let one = Report {
            rows: vec![row],
            ..Report::default()
        };
        let mut line = String::new();
        one.render_rows(&mut line);
        (self.note)(line.trim_end());
        self.report.rows.extend(one.rows);
    }

    /// The folder of this run.
    pub(crate) fn folder(&self) -> &Path {
        self.work.path()
    }

    /// A fleet of this plan that nobody has spoken for yet.
    pub(crate) async fn fleet(&mut self, plan: &Plan) -> Result<Fleet, BenchError> {
        self.copies += 1;
        let fresh = self.work.path().join(format!("fleet-{}", self.copies));
        let Some(kept) = &self.kept else {
            return self.make(&fresh, plan).await;
        };
        let pristine = kept.join(name(plan));
        if !Fleet::is_kept(&pristine, plan) {
            if pristine.exists() {
                fs::remove_dir_all(&pristine).map_err(file(&pristine, "removed"))?;
            }
            self.make(&pristine, plan).await?;
        }
        files::copy(&pristine, &fresh)?;
        Fleet::open(&fresh)
    }

    async fn make(&mut self, folder: &Path, plan: &Plan) -> Result<Fleet, BenchError> {
        (self.note)(&format!(
            "making a fleet of {} hosts ({})",
            plan.hosts,
            plan.kind.as_str()
        ));
        Fleet::make(&self.program, folder, plan, self.note).await
    }

    /// Serves a fleet.
    pub(crate) async fn serve(
        &self,
        fleet: &Fleet,
        entrance: Entrance,
    ) -> Result<Site, BenchError> {
        self.program.serve(&fleet.folder, entrance).await
    }

    /// Serves a fleet with all processors, where a rate is looked at and not their time.
    pub(crate) async fn serve_openly(&self, fleet: &Fleet) -> Result<Site, BenchError> {
        let program = Program {
            cores: self.program.cores.open(),
            ..self.program.clone()
        };
        program.serve(&fleet.folder, Entrance::Proxy).await
    }
}

/// Takes a folder for fleets, if it is empty or was taken before.
fn claim(folder: &Path) -> Result<(), BenchError> {
    fs::create_dir_all(folder).map_err(file(folder, "made"))?;
    let mark = folder.join(MARK);
    if mark.is_file() {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder).map_err(file(folder, "read"))?;
    if entries.next().is_some() {
        return Err(BenchError::Foreign {
            path: folder.to_owned(),
        });
    }
    fs::write(&mark, b"fleets of `mooring bench`\n").map_err(file(mark, "written"))
}

fn name(plan: &Plan) -> String {
    let Plan {
        hosts,
        kind,
        profiles,
        idle,
        behind,
    } = plan;
    format!("{}-{hosts}-{profiles}-{idle}-{behind}", kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a folder with something else in it is refused, and one of ours taken again.
    #[test]
    fn foreign_folders() {
        let folder = tempfile::tempdir().unwrap();
        claim(&folder.path().join("new")).unwrap();
        claim(&folder.path().join("new")).unwrap();
        assert!(matches!(
            claim(folder.path()),
            Err(BenchError::Foreign { .. })
        ));
    }
}
