//! What all validators of ours cost on one processor.
//!
//! A process of its own, which holds itself to one processor before it has a second thread: the engine's
//! own threads, which compile, would stay where they were otherwise. Invariants: every plugin of ours that
//! judges is asked, by the roles that it names itself; time is that of the processor, with that of the
//! clock beside it; compiling is told apart and in no other figure.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::{
    CodeCache, CodeSource, Context, Limits, Plugin, ProfileSet, ResultCache, Role, Runtime,
    RuntimeOptions, SetEdition, SetMember, Subject,
};
use rustix::time::{ClockId, clock_gettime};

use crate::line::figure;
use crate::profile;

/// The first argument of the process of its own; the corpus and the components follow.
const ASKED: &str = "--on-one-processor";

/// How often the small profile is judged.
const ROUNDS: usize = 300;

/// How often the kept code is loaded.
const LOADS: usize = 20;

/// Profiles of a set: more than most hosts have.
const SET: usize = 10;

/// What the process of its own is to judge, and by what.
pub(crate) struct Wish {
    corpus: PathBuf,
    components: Vec<PathBuf>,
}

/// That, if this is it.
pub(crate) fn asked_for() -> Option<Wish> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != ASKED {
        return None;
    }
    Some(Wish {
        corpus: arguments.next()?.into(),
        components: arguments.map(PathBuf::from).collect(),
    })
}

/// Starts it.
pub(crate) fn on_one_processor(components: &[PathBuf]) {
    let named = env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let corpus = named.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let mut command = Command::new(env::current_exe().unwrap());
    let ended = command.arg(ASKED).arg(corpus).args(components).status();
    assert!(ended.unwrap().success(), "the process of its own failed");
}

/// Holds this thread, and all that it will start, to one processor.
#[cfg(target_os = "linux")]
fn pin() -> bool {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Ok(allowed) = sched_getaffinity(None) else {
        return false;
    };
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu));
    let mut one = CpuSet::new();
    first.is_some_and(|first| {
        one.set(first);
        sched_setaffinity(None, &one).is_ok()
    })
}

#[cfg(not(target_os = "linux"))]
fn pin() -> bool {
    false
}

/// Time that all threads of this process had of a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap())
}

/// What some work took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spent {
    processor: Duration,
    clock: Duration,
}

fn spending<T>(work: impl FnOnce() -> T) -> (T, Spent) {
    let (processor, clock) = (processor_time(), Instant::now());
    let made = black_box(work());
    let spent = Spent {
        processor: processor_time().saturating_sub(processor),
        clock: clock.elapsed(),
    };
    (made, spent)
}

/// Measures and prints.
pub(crate) fn judge(wish: &Wish) {
    if pin() {
        println!("on one processor:");
    } else {
        println!("on all processors, since this system does not hold a process to one:");
    }
    let read = |path: &PathBuf| fs::read(path).unwrap();
    let components: Vec<Vec<u8>> = wish.components.iter().map(read).collect();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    let ((first, plugins), spent) = spending(|| load(&components, &cache));
    let is_new = |plugin: &Plugin| plugin.code() == CodeSource::Compiled;
    assert!(plugins.iter().all(is_new), "nothing was compiled before");
    println!(
        "the very first start compiles {} plugins in {:.2} s of the processor, {:.2} s by the clock",
        plugins.len(),
        spent.processor.as_secs_f64(),
        spent.clock.as_secs_f64()
    );
    drop((first, plugins));
    let loads = (0..LOADS).map(|_| spending(|| load(&components, &cache)).1);
    let spent = middle(loads.collect());
    let ms = spent.clock.as_secs_f64() * 1e3;
    figure(
        "loading all of ours from the compiled cache",
        ms,
        "ms",
        20.0,
    );

    let (_runtime, plugins) = load(&components, &cache);
    let judges = Judges(&plugins);
    small(&judges);
    corpus(&judges, &wish.corpus);
}

/// A runtime with all of ours, of kept code if there is any.
fn load(components: &[Vec<u8>], cache: &Path) -> (Runtime, Vec<Plugin>) {
    let runtime = Runtime::new(&RuntimeOptions {
        cache: Some(CodeCache::open(cache).unwrap()),
        ..RuntimeOptions::default()
    })
    .unwrap();
    let plugins = components.iter().map(|it| runtime.load(it).unwrap());
    let plugins = plugins.collect();
    (runtime, plugins)
}

fn middle(mut spent: Vec<Spent>) -> Spent {
    spent.sort_unstable();
    spent[spent.len() / 2]
}

/// All plugins of ours.
struct Judges<'a>(&'a [Plugin]);

impl Judges<'_> {
    fn with(&self, role: Role) -> impl Iterator<Item = &Plugin> {
        let plugins = self.0.iter();
        plugins.filter(move |plugin| plugin.manifest().roles.contains(&role))
    }

    /// How many findings all validators have of a profile.
    fn one(&self, profile: &Profile, bytes: &[u8], results: &ResultCache) -> usize {
        let subject = Subject::new(profile.document(), bytes, |_| (1, 1));
        let (context, limits) = (Context::default(), Limits::default());
        let said = self.with(Role::Validator).map(|plugin| {
            let call = plugin.validate_once(&subject, &context, &limits, results);
            call.findings(plugin.id()).len()
        });
        said.sum()
    }

    /// How many all set validators have of profiles together.
    fn together(&self, profiles: &[(String, Profile)]) -> usize {
        let members = profiles.iter().map(|(name, profile)| SetMember {
            now: SetEdition {
                identifier: name,
                uuid: name,
                version: 1,
                channel: "device",
                origin: "uploaded",
                document: profile.document(),
            },
            before: None,
        });
        let set = ProfileSet {
            members: members.collect(),
            gone: Vec::new(),
        };
        let said = self.with(Role::SetValidator).map(|plugin| {
            let call = plugin.validate_set(&set, &Context::default(), &Limits::default());
            let found = call.outcome.done();
            found.unwrap().len()
        });
        said.sum()
    }
}

/// One profile of 5 KB, from its bytes to the last finding, with no answer kept, alone and as a set.
fn small(judges: &Judges<'_>) {
    let bytes = profile();
    let mut found = 0;
    let rounds = (0..ROUNDS).map(|_| {
        let (count, spent) = spending(|| {
            let profile = Profile::parse(&bytes, &ProfileLimits::default()).unwrap();
            let found = judges.one(&profile, &bytes, &ResultCache::default());
            found + judges.together(&[("a".to_owned(), profile)])
        });
        found = count;
        spent
    });
    let spent = middle(rounds.collect());
    println!(
        "{} bytes, {found} findings, {:.3} ms by the clock",
        bytes.len(),
        spent.clock.as_secs_f64() * 1e3
    );
    let ms = spent.processor.as_secs_f64() * 1e3;
    figure(
        "a profile of 5 KB by all of ours, with its reading",
        ms,
        "ms",
        1.0,
    );
}

/// Every profile below `folder`.
fn profiles(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            profiles(&path, found);
        } else if path.extension().is_some_and(|end| end == "mobileconfig") {
            found.push(path);
        }
    }
    found.sort();
}

/// A folder of real profiles, each alone and each within a set of its neighbours, with no answer kept.
fn corpus(judges: &Judges<'_>, folder: &Path) {
    let mut paths = Vec::new();
    profiles(folder, &mut paths);
    if paths.is_empty() {
        let folder = folder.display();
        println!("MISSING: no profiles in {folder}, the corpus was not judged");
        return;
    }
    let results = ResultCache::default();
    let mut found = 0;
    let (read, alone) = spending(|| {
        let mut read = Vec::new();
        for path in &paths {
            let bytes = fs::read(path).unwrap();
            if let Ok(profile) = Profile::parse(&bytes, &ProfileLimits::default()) {
                found += judges.one(&profile, &bytes, &results);
                read.push((path.display().to_string(), profile));
            }
        }
        read
    });
    let (of_sets, together) = spending(|| {
        let sets = read.chunks(SET).map(|set| judges.together(set));
        sets.sum::<usize>()
    });
    println!(
        "{} of {} profiles, {found} findings, and {of_sets} of sets of {SET}; {:.2} s by the clock",
        read.len(),
        paths.len(),
        (alone.clock + together.clock).as_secs_f64()
    );
    let all = (alone.processor + together.processor).as_secs_f64();
    figure(
        "all of ours over the corpus, with its reading",
        all,
        "s",
        2.0,
    );
}
