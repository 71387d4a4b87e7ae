//! Work on chunks of one ordered input by several threads, with the results back in order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// More workers than this gain little on one input, and each keeps its own table of ids.
const MOST_WORKERS: usize = 16;

/// Number of threads that one input is read with: those of the current rayon pool, at most 16.
pub(crate) fn workers() -> usize {
    rayon::current_num_threads().clamp(1, MOST_WORKERS)
}

/// Results of the chunks in input order, and the final state of each worker.
pub(crate) struct Done<P, S> {
    pub pieces: Vec<P>,
    pub states: Vec<S>,
}

/// The first failure in input order, and the results of all chunks before it.
pub(crate) struct Failed<P, E> {
    pub error: E,
    pub before: Vec<P>,
}

/// Takes chunks from `next` under a lock and works on them outside of it.
///
/// Every worker sees chunks in rising order, so whatever it met first has its first appearance,
/// among the chunks of that worker, there. At most one chunk per worker is in flight. After a
/// failure no further chunk is taken, so all chunks before the failed one are done, and the
/// failure reported is always the first in input order.
pub(crate) fn map_chunks<C, P, S, E>(
    n_workers: usize,
    mut next: impl FnMut() -> Result<Option<C>, E> + Send,
    state: impl Fn(usize) -> S + Sync,
    work: impl Fn(&mut S, C) -> Result<P, E> + Sync,
) -> Result<Done<P, S>, Failed<P, E>>
where
    C: Send,
    P: Send,
    S: Send,
    E: Send,
{
    let mut taken = 0;
    let source = Mutex::new(|| {
        let chunk = next();
        taken += 1;
        chunk.transpose().map(|chunk| (taken - 1, chunk))
    });
    let stop = AtomicBool::new(false);
    let run = |worker: usize| {
        let mut state = state(worker);
        let mut done = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let taken = {
                let mut source = source.lock().expect("no worker should panic while reading");
                source()
            };
            let Some((index, chunk)) = taken else { break };
            let piece = chunk.and_then(|chunk| work(&mut state, chunk));
            if piece.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            done.push((index, piece));
        }
        (state, done)
    };
    let mut outcomes = if n_workers <= 1 {
        vec![run(0)]
    } else {
        std::thread::scope(|scope| {
            let run = &run;
            let threads: Vec<_> =
                (0..n_workers).map(|worker| scope.spawn(move || run(worker))).collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        })
    };
    let mut results: Vec<_> = outcomes.iter_mut().flat_map(|(_, done)| done.drain(..)).collect();
    results.sort_unstable_by_key(|&(index, _)| index);
    let mut pieces = Vec::with_capacity(results.len());
    for (_, piece) in results {
        match piece {
            Ok(piece) => pieces.push(piece),
            Err(error) => return Err(Failed { error, before: pieces }),
        }
    }
    Ok(Done { pieces, states: outcomes.into_iter().map(|(state, _)| state).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_to(end: usize) -> impl FnMut() -> Result<Option<usize>, usize> {
        let mut next = 0;
        move || {
            next += 1;
            Ok((next <= end).then_some(next - 1))
        }
    }

    #[test]
    fn results_come_back_in_order() {
        for workers in [1, 2, 5] {
            let done = map_chunks(
                workers,
                count_to(99),
                |_| 0,
                |seen, chunk| {
                    *seen += 1;
                    Ok(chunk * 2)
                },
            );
            let Ok(done) = done else { panic!("nothing should fail") };
            assert_eq!(done.pieces, (0..99).map(|chunk| chunk * 2).collect::<Vec<_>>());
            assert_eq!(done.states.iter().sum::<usize>(), 99);
        }
    }

    #[test]
    fn the_first_failure_in_order_is_reported() {
        for workers in [1, 2, 5] {
            let failed = map_chunks(
                workers,
                count_to(99),
                |_| (),
                |(), chunk| {
                    if chunk >= 7 { Err(chunk) } else { Ok(chunk) }
                },
            );
            let Err(failed) = failed else { panic!("chunk 7 should fail") };
            assert_eq!((failed.error, failed.before.len()), (7, 7));
        }
    }
}
