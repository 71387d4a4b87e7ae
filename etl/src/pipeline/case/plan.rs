//! Which steps of a run are done, and which are taken from what was kept.

use std::sync::Arc;

use super::super::error::{PipelineError, PipelineFault};
use super::BoundCase;
use super::kept::{Entry, Kept, content, key, stamp, unlike_any};
use super::places::Places;
use super::run::Limits;
use super::steps::{Value, Work};
use crate::Result;
use crate::error::nearest;
use crate::source::{Source, SourceKind};

/// What a run may take of earlier ones.
#[derive(Debug, Clone, Copy)]
pub struct Again<'k> {
    /// What earlier runs made.
    pub kept: &'k Kept,
    /// Whose runs these were: nothing of others is taken.
    pub scope: &'k str,
    /// The step to begin with: it and those after it are done anew. What is before it is as it was kept, also
    /// what hosts, databases and the clock said, as long as its options and values are the same. Without it these
    /// are asked again, and all is done that has changed, or works on what has.
    pub from: Option<&'k str>,
}

/// What becomes of a step.
#[derive(Debug, Default)]
pub(super) enum Plan {
    /// Nothing needs it.
    #[default]
    Skip,
    /// It is done; what it makes is kept by this key, known by this identity.
    Do { key: String, identity: String },
    /// It was done; its value is there if something needs it.
    Take { entry: Arc<Entry>, value: Option<Box<Value>> },
}

impl BoundCase {
    /// What becomes of each step; `sources` are those that the steps read.
    pub(super) fn plan(
        &self,
        used: &[bool],
        sources: &[Option<Source>],
        places: &Places,
        limits: &Limits,
        again: Option<Again>,
    ) -> Result<Vec<Plan>> {
        let Some(again) = again else {
            let make = |&used: &bool| match used {
                true => Plan::Do { key: String::new(), identity: String::new() },
                false => Plan::Skip,
            };
            return Ok(used.iter().map(make).collect());
        };
        let first = self.first_anew(again.from)?;
        let known = self.known(used, sources, places, limits, again, first);
        let mut plans: Vec<Plan> = used.iter().map(|_| Plan::Skip).collect();
        let mut wanted = vec![false; self.steps.len()];
        wanted[self.result] = true;
        for (at, known) in known.into_iter().enumerate().rev() {
            let Some(Known { key, identity, entry, is_outside }) = known else { continue };
            let value = entry.as_ref().filter(|_| wanted[at]);
            let value = value.and_then(|entry| again.kept.value(&key, entry));
            if is_outside && entry.is_some() && wanted[at] && value.is_none() {
                // It is asked again, and what works on it was made of another answer.
                let from = self.steps.first().map(|step| step.name.as_str());
                return self.plan(used, sources, places, limits, Some(Again { from, ..again }));
            }
            plans[at] = match entry {
                Some(entry) if value.is_some() || !wanted[at] => {
                    Plan::Take { entry, value: value.map(Box::new) }
                }
                _ if wanted[at] => {
                    self.steps[at].from.iter().for_each(|&from| wanted[from] = true);
                    Plan::Do { key, identity }
                }
                _ => Plan::Skip,
            };
        }
        Ok(plans)
    }

    /// The first step that is done anew whatever is kept; past the last if there is none.
    fn first_anew(&self, from: Option<&str>) -> Result<usize> {
        let Some(name) = from else { return Ok(self.steps.len()) };
        match self.steps.iter().position(|step| step.name == name) {
            Some(at) => Ok(at),
            None => {
                let nearest = nearest(name, self.steps.iter().map(|step| step.name.as_str()));
                let name = name.into();
                let fault = PipelineFault::Unknown { kind: "step", name, nearest };
                Err(PipelineError { line: None, part: "case".into(), fault }.into())
            }
        }
    }

    /// Of each step that is used, by what it is known.
    fn known(
        &self,
        used: &[bool],
        sources: &[Option<Source>],
        places: &Places,
        limits: &Limits,
        again: Again,
        first: usize,
    ) -> Vec<Option<Known>> {
        let mut all: Vec<Option<Known>> = Vec::with_capacity(self.steps.len());
        for (at, step) in self.steps.iter().enumerate() {
            let Some(work) = step.work.as_ref().filter(|_| used[at]) else {
                all.push(None);
                continue;
            };
            let mut parts =
                vec![env!("CARGO_PKG_VERSION"), again.scope, &step.verb, &step.definition];
            let stamp = match work {
                Work::Open(_) => sources[at].as_ref().and_then(stamp_of),
                // What cannot be written down is unlike all else.
                Work::Given(address) => {
                    places.given.get(address).and_then(|given| content(given).ok())
                }
                _ => None,
            };
            let is_source = matches!(work, Work::Open(_) | Work::Ask { .. } | Work::Given(_));
            // Nobody knows what it would say today.
            let is_outside = step.is_fleeting || (is_source && stamp.is_none());
            parts.extend(stamp.as_deref());
            parts.extend(step.from.iter().filter_map(|&from| Some(&*all[from].as_ref()?.identity)));
            let key = key(&parts);
            let entry = (at < first && (!is_outside || first < self.steps.len()))
                .then(|| again.kept.look(&key))
                .flatten()
                .filter(|entry| {
                    let report = &entry.head.report;
                    report.rows.max(report.nodes.unwrap_or(0)) <= limits.rows
                });
            let identity = match &entry {
                Some(entry) => entry.head.identity.clone(),
                None if is_outside => unlike_any(),
                None => key.clone(),
            };
            all.push(Some(Known { key, identity, entry, is_outside }));
        }
        all
    }
}

/// By what a step is known, and what of it is kept.
struct Known {
    key: String,
    identity: String,
    entry: Option<Arc<Entry>>,
    /// Whether only a host, a database or the clock knows what it makes.
    is_outside: bool,
}

/// Files as they are now. Databases change without their files telling.
fn stamp_of(source: &Source) -> Option<String> {
    match source.kind() {
        SourceKind::Files => stamp(&source.files().ok()?),
        _ => None,
    }
}
