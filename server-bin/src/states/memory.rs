//! What one server remembers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Counted, Ends, Reply, States};

/// Names that are remembered at once. For further ones those that would be forgotten soonest are.
const MOST: usize = 100_000;

/// States in the memory of this server.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug)]
struct Kept {
    what: What,
    until: Instant,
}

#[derive(Debug)]
enum What {
    Value(Vec<u8>),
    Count(u32),
}

impl Memory {
    /// Works on what is kept, without what should have been forgotten under that name.
    fn with<T>(&self, name: &str, work: impl FnOnce(&mut HashMap<String, Kept>) -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if kept.get(name).is_some_and(|one| one.until <= now) {
            kept.remove(name);
        }
        work(&mut kept)
    }

    /// Keeps something new.
    fn insert(kept: &mut HashMap<String, Kept>, name: &str, what: What, lifetime: Duration) {
        let now = Instant::now();
        if kept.len() >= MOST {
            make_room(kept, now);
        }
        kept.insert(name.to_owned(), Kept { what, until: now + lifetime });
    }
}

/// Forgets what has ended, and of the rest an eighth, so that not every new name looks at all of them.
fn make_room(kept: &mut HashMap<String, Kept>, now: Instant) {
    let mut ends: Vec<Instant> = kept.values().map(|one| one.until).collect();
    let at = ends.len() / 8;
    let (_, &mut last, _) = ends.select_nth_unstable(at);
    let last = last.max(now);
    kept.retain(|_, one| last < one.until);
}

/// An answer that is there already.
fn at_once<'a, T: Send + 'a>(answer: T) -> Reply<'a, T> {
    Box::pin(std::future::ready(Ok(answer)))
}

impl States for Memory {
    fn get<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Vec<u8>>> {
        at_once(self.with(name, |kept| match &kept.get(name)?.what {
            What::Value(value) => Some(value.clone()),
            What::Count(_) => None,
        }))
    }

    fn exchange<'a>(
        &'a self,
        name: &'a str,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
        lifetime: Duration,
    ) -> Reply<'a, bool> {
        at_once(self.with(name, |kept| {
            let now = match kept.get_mut(name) {
                Some(Kept { what: What::Value(value), .. }) => Some(value),
                Some(Kept { what: What::Count(_), .. }) => return false,
                None => None,
            };
            if now.as_deref().map(Vec::as_slice) != old {
                return false;
            }
            match (now, new) {
                (Some(value), Some(new)) => new.clone_into(value),
                (Some(_), None) => drop(kept.remove(name)),
                (None, Some(new)) => {
                    Self::insert(kept, name, What::Value(new.to_vec()), lifetime);
                }
                (None, None) => {}
            }
            true
        }))
    }

    fn add<'a>(&'a self, name: &'a str, step: i32, ends: Ends) -> Reply<'a, u32> {
        at_once(self.with(name, |kept| {
            if let Some(Kept { what: What::Count(n), until }) = kept.get_mut(name) {
                *n = n.saturating_add_signed(step);
                if let Ends::AfterLast(lifetime) = ends {
                    *until = Instant::now() + lifetime;
                }
                let n = *n;
                if n == 0 {
                    kept.remove(name);
                }
                return n;
            }
            let n = u32::try_from(step).unwrap_or(0);
            if 0 < n {
                let (Ends::AfterFirst(lifetime) | Ends::AfterLast(lifetime)) = ends;
                Self::insert(kept, name, What::Count(n), lifetime);
            }
            n
        }))
    }

    fn count<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Counted>> {
        at_once(self.with(name, |kept| match kept.get(name)? {
            Kept { what: What::Count(n), until } => {
                Some(Counted { n: *n, left: until.saturating_duration_since(Instant::now()) })
            }
            Kept { what: What::Value(_), .. } => None,
        }))
    }

    fn forget<'a>(&'a self, name: &'a str) -> Reply<'a, ()> {
        self.with(name, |kept| kept.remove(name));
        at_once(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_new_has_room() {
        let memory = Memory::default();
        let ends = |secs| Ends::AfterLast(Duration::from_secs(secs));
        memory.add("long", 1, ends(10_000)).await.unwrap();
        for i in 0..MOST {
            memory.add(&format!("short {i}"), 1, ends(100 + i as u64 / 1000)).await.unwrap();
        }
        assert_eq!(memory.add("new", 1, ends(100)).await.unwrap(), 1);
        assert!(memory.count("new").await.unwrap().is_some());
        assert!(memory.count("long").await.unwrap().is_some());
        assert!(memory.count("short 0").await.unwrap().is_none());
        let last = format!("short {}", MOST - 1);
        assert!(memory.count(&last).await.unwrap().is_some());
        assert!(memory.kept.lock().unwrap().len() < MOST);
    }
}
