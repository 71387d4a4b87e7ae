//! What a container takes, as its engine says each second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;

use super::super::Usage;
use super::super::cgroup::own_memory;
use super::engine::{Engine, Next};
use crate::Result;

/// How long to listen before looking whether anybody wants to know still.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens to what an engine says of a container. An engine takes a second to answer, in which the runner has
/// other things to watch.
pub(super) struct Sampler {
    last: Arc<Mutex<Option<Usage>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    pub(super) fn start(address: &str, container: &str) -> Result<Self> {
        let engine = Engine::connect(address)?;
        let last = Arc::new(Mutex::new(None));
        let is_over = Arc::new(AtomicBool::new(false));
        let (place, ended, container) = (last.clone(), is_over.clone(), container.to_owned());
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let options = StatsOptionsBuilder::default().stream(true).build();
                let mut stats = engine.docker.stats(&container, Some(options)).boxed();
                while !ended.load(Ordering::Relaxed) {
                    match engine.next_within(&mut stats, PAUSE) {
                        Next::Item(Ok(stats)) => {
                            if let Some(usage) = measured(&stats) {
                                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
                            }
                        }
                        Next::Nothing => {}
                        // The container has ended, or the engine is about to be started again.
                        Next::End | Next::Item(Err(_)) => break,
                    }
                }
                std::thread::sleep(PAUSE);
            }
        });
        Ok(Self { last, is_over, thread: Some(thread) })
    }

    /// What it said last.
    pub(super) fn last(&self) -> Option<Usage> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of it has nothing to say that the missing samples do not.
            let _ = thread.join();
        }
    }
}

/// Memory and time of processors of a container; `None` if it has ended.
fn measured(stats: &ContainerStatsResponse) -> Option<Usage> {
    let memory = stats.memory_stats.as_ref()?;
    let used = memory.usage?;
    let known = memory.stats.as_ref();
    let own = own_memory(|name| known?.get(name).copied());
    // Without details, all but what is merely kept of files for certain.
    let kept = known.and_then(|known| known.get("inactive_file").copied()).unwrap_or(0);
    let cpu = stats.cpu_stats.as_ref().and_then(|cpu| cpu.cpu_usage.as_ref()?.total_usage);
    Some(Usage {
        memory_bytes: own.unwrap_or(used.saturating_sub(kept)),
        cpu_secs: cpu.unwrap_or(0) as f64 / 1e9,
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn files_that_are_merely_kept_are_no_memory_of_a_container() {
        let bytes = |stats: Value| {
            let usage = 900_000;
            let all = json!({"memory_stats": {"usage": usage, "stats": stats},
                             "cpu_stats": {"cpu_usage": {"total_usage": 2_000_000_000_u64}}});
            let usage = measured(&serde_json::from_value(all).unwrap()).unwrap();
            assert!((usage.cpu_secs - 2.0).abs() < 1e-9);
            usage.memory_bytes
        };
        let second =
            json!({"anon": 5000, "file_mapped": 700, "shmem": 300, "active_file": 890_000});
        assert_eq!(bytes(second), 5700);
        let first =
            json!({"total_rss": 6000, "total_mapped_file": 80, "total_active_file": 890_000});
        assert_eq!(bytes(first), 6080);
        assert_eq!(bytes(json!({"inactive_file": 100_000})), 800_000);
        assert_eq!(measured(&ContainerStatsResponse::default()), None);
    }
}
