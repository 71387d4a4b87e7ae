//! What a container takes, as its engine says each second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;

use super::super::Usage;
use super::engine::{Engine, Next};
use crate::Result;

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
            let options = StatsOptionsBuilder::default().stream(true).build();
            let mut stats = engine.docker.stats(&container, Some(options)).boxed();
            while !ended.load(Ordering::Relaxed) {
                match engine.next_within(&mut stats, Duration::from_millis(100)) {
                    Next::Item(Ok(stats)) => {
                        if let Some(usage) = measured(&stats) {
                            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
                        }
                    }
                    Next::Nothing => {}
                    Next::End | Next::Item(Err(_)) => return,
                }
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
    // What is merely kept of files, by its names in both versions of control groups.
    let kept = memory.stats.as_ref().and_then(|stats| {
        stats.get("total_inactive_file").or_else(|| stats.get("inactive_file")).copied()
    });
    let cpu = stats.cpu_stats.as_ref().and_then(|cpu| cpu.cpu_usage.as_ref()?.total_usage);
    Some(Usage {
        memory_bytes: used.saturating_sub(kept.unwrap_or(0)),
        cpu_secs: cpu.unwrap_or(0) as f64 / 1e9,
        gpu_bytes: None,
    })
}
