//! Watching a job: what it takes, whether it keeps to its budget, when it is over.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use graph_core::Control;

use super::{Budget, Exit, Job, Machine, Prepared, RunConfig, Task, Usage};
use crate::Result;
use crate::experiment::Resources;

/// How long processes may take to end after they are asked to, before they are made to.
const GRACE: Duration = Duration::from_secs(5);

/// How often memory is looked at where there is a limit. What a process takes between two looks is more than
/// it may have; the limit of the system behind it is wider.
const LOOK: Duration = Duration::from_millis(50);

/// How a job came to its end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ended {
    /// By itself.
    Exit(Exit),
    /// Its time was over.
    Timeout,
    /// It took too much memory.
    OutOfMemory,
    /// Somebody wanted it to end.
    Stopped,
}

/// What is known of a job while it runs, and after.
pub(super) struct Monitor {
    folder: PathBuf,
    file: &'static str,
    budget: Budget,
    interval: Duration,
    /// When the job began.
    begin: Instant,
    /// The most that was seen, if anything was.
    peak: Option<Usage>,
    samples: Option<File>,
    /// Time and time of processors at the last sample.
    last: Option<(Instant, f64)>,
}

impl Monitor {
    /// For a job that began at `begin`.
    pub(super) fn new(
        task: &Task,
        prepared: &Prepared,
        config: &RunConfig,
        begin: Instant,
    ) -> Self {
        Self {
            folder: task.experiment.clone(),
            // Two writers of one file would spoil it.
            file: if prepared.own_monitor { "usage.csv" } else { "resources.csv" },
            budget: config.budget,
            interval: config.interval.max(Duration::from_millis(10)),
            begin,
            peak: None,
            samples: None,
            last: None,
        }
    }

    /// Waits until the job is over, or ends it when it is to be. Nothing of it runs when this returns. The time is that
    /// until the method ended, or was told to; what is left of it may take longer.
    pub(super) fn watch(
        &mut self,
        job: &mut dyn Job,
        control: &Control<'_>,
    ) -> Result<(Ended, Duration)> {
        let ended = self.wait(job, control);
        let took = match &ended {
            Ok(Ended::Exit(Exit { took: Some(took), .. })) => *took,
            _ => self.begin.elapsed(),
        };
        if let Ok(Ended::Exit(_)) = ended {
            // What a method leaves running when it ends has nothing to say any more.
            job.end(Duration::from_millis(500))?;
        } else {
            job.end(GRACE)?;
        }
        self.look(job);
        Ok((ended?, took))
    }

    fn wait(&mut self, job: &mut dyn Job, control: &Control<'_>) -> Result<Ended> {
        let begin = self.begin;
        let (mut next_look, mut next_sample) = (begin, begin);
        let look = if self.budget.memory.is_some() { LOOK } else { 4 * LOOK };
        // Short at first, so that a quick method is not waited for.
        let mut pause = Duration::from_millis(1);
        // A method that is over at once was seen once at least.
        if let Some(usage) = self.look(job) {
            self.sample(usage)?;
            next_sample = begin + self.interval;
        }
        loop {
            if let Some(exit) = job.ended()? {
                return Ok(if exit.out_of_memory { Ended::OutOfMemory } else { Ended::Exit(exit) });
            }
            let now = Instant::now();
            if next_look <= now {
                if let Some(usage) = self.look(job) {
                    let over = self.budget.memory.is_some_and(|limit| limit < usage.memory_bytes);
                    if over || next_sample <= now {
                        self.sample(usage)?;
                        next_sample = now + self.interval;
                    }
                    if over {
                        return Ok(Ended::OutOfMemory);
                    }
                }
                // Often at first: a quick method has its peak between two slow looks.
                let often = (begin.elapsed() / 4).max(Duration::from_millis(2));
                next_look = now + often.min(look).min(self.interval);
            }
            let spent = begin.elapsed();
            if self.budget.time.is_some_and(|limit| limit <= spent) {
                return Ok(Ended::Timeout);
            }
            let total = self.budget.time.map(|limit| limit.as_millis() as u64);
            if control.step("running", spent.as_millis() as u64, total).is_err() {
                return Ok(Ended::Stopped);
            }
            std::thread::sleep(pause);
            pause = (2 * pause).min(Duration::from_millis(20));
        }
    }

    fn look(&mut self, job: &mut dyn Job) -> Option<Usage> {
        let usage = job.usage()?;
        let peak = self.peak.get_or_insert_default();
        peak.memory_bytes = peak.memory_bytes.max(usage.memory_bytes).max(usage.peak_bytes);
        peak.cpu_secs = peak.cpu_secs.max(usage.cpu_secs);
        peak.gpu_bytes = peak.gpu_bytes.max(usage.gpu_bytes);
        Some(usage)
    }

    /// Adds a line to the file of samples.
    fn sample(&mut self, usage: Usage) -> Result<()> {
        let path = self.folder.join(self.file);
        let now = Instant::now();
        let percent = self.last.map(|(time, cpu)| {
            let secs = (now - time).as_secs_f64().max(1e-9);
            100.0 * (usage.cpu_secs - cpu).max(0.0) / secs
        });
        self.last = Some((now, usage.cpu_secs));
        let timestamp =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let gpu =
            usage.gpu_bytes.map_or_else(String::new, |bytes| format!("{:.2}", megabytes(bytes)));
        let percent = percent.unwrap_or(0.0);
        let mut write = || {
            let file = match &mut self.samples {
                Some(file) => file,
                None => {
                    let mut file = File::create(&path)?;
                    writeln!(file, "timestamp,cpu_percent,gpu_mb,memory_mb")?;
                    self.samples.insert(file)
                }
            };
            let time = timestamp.as_secs_f64();
            let memory = megabytes(usage.memory_bytes);
            // One call, so that who reads meanwhile sees whole lines.
            file.write_all(format!("{time:.3},{percent:.1},{gpu},{memory:.2}\n").as_bytes())
        };
        write().map_err(|error| crate::Error::file(&path, error))
    }

    /// The most that was seen.
    pub(super) fn peak(&self) -> Option<Usage> {
        self.peak
    }

    /// What the run took, as the status has it.
    pub(super) fn resources(&self) -> Resources {
        let rounded = |bytes| (megabytes(bytes) * 100.0).round() / 100.0;
        let machine = Machine::this();
        Resources {
            peak_memory_mb: self.peak.map(|peak| rounded(peak.memory_bytes)),
            peak_gpu_mb: self.peak.and_then(|peak| peak.gpu_bytes).map(rounded),
            total_memory_mb: machine.memory_bytes.map(rounded),
            total_gpu_mb: machine.gpu_bytes().map(rounded),
            cpu_secs: self.peak.map(|peak| (peak.cpu_secs * 1e3).round() / 1e3),
        }
    }
}

/// Of 1024 · 1024 bytes, as GraFlag counts them.
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
