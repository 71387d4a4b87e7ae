//! What one server remembers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Counted, Ends, Reply, States};

/// Names that are remembered at once. Further ones are not: whoever makes so many is held up by their address.
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

    /// Keeps something new, if there is room.
    fn insert(
        kept: &mut HashMap<String, Kept>,
        name: &str,
        what: What,
        lifetime: Duration,
    ) -> bool {
        let now = Instant::now();
        if kept.len() >= MOST {
            kept.retain(|_, one| now < one.until);
        }
        let has_room = kept.len() < MOST;
        if has_room {
            kept.insert(name.to_owned(), Kept { what, until: now + lifetime });
        }
        has_room
    }
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
                    return Self::insert(kept, name, What::Value(new.to_vec()), lifetime);
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
