//! Time and memory of a process, as Linux tells them; 0 where it is not there to tell.

use std::time::Instant;

/// The least that any run took.
pub(crate) struct Clock {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { wall: f64::INFINITY, cpu: f64::INFINITY }
    }
}

impl Clock {
    pub(crate) fn time<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let (start, before) = (Instant::now(), cpu_secs());
        let result = run();
        self.wall = self.wall.min(start.elapsed().as_secs_f64());
        self.cpu = self.cpu.min(cpu_secs() - before);
        result
    }
}

/// Seconds that all threads of this process have run.
fn cpu_secs() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let run = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.flatten().filter_map(run).sum::<f64>() / 1e9
}

/// Lets [`peak_mb`] count from now on. Where that is not allowed, peaks are those of all so far.
pub(crate) fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Most memory that this process had at once.
pub(crate) fn peak_mb() -> f64 {
    status_mb("VmHWM:")
}

/// Memory that this process has now.
pub(crate) fn memory_mb() -> f64 {
    status_mb("VmRSS:")
}

fn status_mb(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1.024 / 1e3
}
