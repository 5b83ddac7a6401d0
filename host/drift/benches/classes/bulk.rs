//! Placing everybody at once, as a start does.
//!
//! Knows nothing of how a start reads hosts.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use mooring_drift::classes::{ClassId, Classes, Filling, GroupId, Seen};
use mooring_drift::state::SyncState;

use super::Run;
use super::fleet::{HOSTS, Variety};
use super::report::line;

/// Classes by the marks of their hosts, up to a bound as at a start.
#[derive(Default)]
struct Kinds {
    table: hashbrown::HashTable<(Vec<u8>, ClassId)>,
    hasher: std::hash::RandomState,
    marks: Vec<u8>,
}

impl Kinds {
    fn find(&self, marks: &[u8]) -> Option<ClassId> {
        let hash = self.hasher.hash_one(marks);
        let found = self.table.find(hash, |(of, _)| of == marks);
        found.map(|(_, class)| *class)
    }

    fn insert(&mut self, marks: &[u8], class: ClassId) {
        if self.table.len() < 16_384 {
            let hash = self.hasher.hash_one(marks);
            let hasher = &self.hasher;
            let rehash = |(of, _): &(Vec<u8>, ClassId)| hasher.hash_one(of.as_slice());
            self.table
                .insert_unique(hash, (marks.to_vec(), class), rehash);
        }
    }
}

impl Run {
    /// Places everybody once more, as a start does: hosts that are like another are not looked at.
    pub(crate) fn bulk(&self) {
        let mut filling = Classes::new(&self.catalog).fill();
        let groups = self.fleet.wanted.iter().map(|wanted| {
            let circumstances = self.names.circumstances(wanted);
            filling.group(&circumstances, true)
        });
        let groups: Vec<GroupId> = groups.collect();
        let mut kinds = Kinds::default();
        let mut took = [Duration::ZERO; 3];
        let hosts: Vec<u32> = (0..HOSTS).collect();
        let mut states: BTreeMap<u32, SyncState> = BTreeMap::new();
        for page in hosts.chunks(1000) {
            if self.variety == Variety::Unique {
                states.clear();
            }
            for host in page {
                let kind = self.fleet.hosts[*host as usize];
                let state = || self.names.state(&self.fleet.kinds[kind as usize]);
                states.entry(kind).or_insert_with(state);
            }
            let seen = |host: &u32| {
                let kind = self.fleet.hosts[*host as usize];
                (
                    self.kind(*host).group,
                    self.desk.seen(&self.catalog, &states[&kind]),
                )
            };
            let page: Vec<(u32, Seen<'_>)> = page.iter().map(seen).collect();
            for (group, seen) in &page {
                let of = || groups[*group as usize];
                let [mark, place] = self.place_marked(*group, of, seen, &mut filling, &mut kinds);
                took[0] += mark;
                took[1] += place;
            }
        }
        let begin = Instant::now();
        let classes = filling.finish();
        took[2] = begin.elapsed();
        assert_eq!(classes.counts(), self.classes.counts());
        assert_eq!(classes.with_work(), self.classes.with_work());
        assert_eq!(classes.len(), self.classes.len());
        let [mark, place, end] = took.map(|took| took.as_secs_f64() * 1e6 / f64::from(HOSTS));
        line(&format!(
            "  in bulk: marks {mark:.2} us a host; place {place:.2} us, and {end:.2} us at the end"
        ));
    }

    /// Places the next host, which is of a kind or the first of it; says what either half took.
    fn place_marked(
        &self,
        group: u32,
        group_id: impl FnOnce() -> GroupId,
        seen: &Seen<'_>,
        filling: &mut Filling,
        kinds: &mut Kinds,
    ) -> [Duration; 2] {
        let begin = Instant::now();
        let mut marks = std::mem::take(&mut kinds.marks);
        marks.clear();
        marks.extend(group.to_le_bytes());
        seen.mark(&self.catalog, &mut marks);
        let known = kinds.find(&marks);
        let marked = Instant::now();
        if let Some(class) = known {
            filling.repeat(class);
        } else {
            let class = filling.place(group_id(), std::slice::from_ref(seen));
            kinds.insert(&marks, class);
        }
        kinds.marks = marks;
        [marked - begin, marked.elapsed()]
    }
}
