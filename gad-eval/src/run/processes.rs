//! The processes of a job: found, measured, and ended together.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::Usage;
use super::cgroup::ControlGroup;

/// Name of the variable that marks the processes of a job.
pub(super) const MARK: &str = "GRAPHLUME_RUN";

/// Clock ticks of `/proc` in a second: part of what Linux promises to programs.
const TICKS_PER_SEC: f64 = 100.0;

/// All processes that were begun by one command, whatever became of their parents.
///
/// A process is of the job if it is in its control group, where one could be made; if it carries
/// the mark in its environment, which it has from its parent; or if its parent was of the job when
/// it was looked at. So neither leaving the process group nor being orphaned hides one.
#[derive(Debug)]
pub(super) struct Processes {
    /// `GRAPHLUME_RUN=` and a value that no other job has.
    mark: Vec<u8>,
    /// The process group of the first process, while that is known to be this job's.
    group: Option<Pid>,
    /// Their control group.
    control: Option<ControlGroup>,
    /// Processes of the job and when they began, at the last look.
    known: HashMap<i32, u64>,
    /// Others and when they began, likewise.
    others: HashMap<i32, u64>,
    /// Most time of processors that was seen.
    cpu_secs: f64,
}

impl Processes {
    /// Those that carry `value` as their mark, whose first has the number `pid` and leads its group.
    pub(super) fn new(value: &str, pid: u32, control: Option<ControlGroup>) -> Self {
        Self { group: Some(Pid::from_raw(pid as i32)), ..Self::with(value, control) }
    }

    /// Those that carry `value` as their mark, of a job that this process did not begin.
    pub(super) fn marked(value: &str) -> Self {
        Self::with(value, ControlGroup::find(value))
    }

    fn with(value: &str, control: Option<ControlGroup>) -> Self {
        let mark = format!("{MARK}={value}").into_bytes();
        Self {
            mark,
            group: None,
            control,
            known: HashMap::new(),
            others: HashMap::new(),
            cpu_secs: 0.0,
        }
    }

    /// Numbers of those that run now.
    pub(super) fn all(&mut self) -> Vec<i32> {
        let found = match &self.control {
            // None can leave it, so no other has to be looked at.
            Some(control) => {
                let inside = control.processes().into_iter();
                inside.filter_map(|pid| Some((pid, Stat::read(pid)?.started))).collect()
            }
            None => self.search(),
        };
        self.known = found;
        self.known().collect()
    }

    /// Looks at all processes of the machine.
    fn search(&mut self) -> HashMap<i32, u64> {
        let (mut found, mut others) = (HashMap::new(), HashMap::new());
        let entries = fs::read_dir("/proc").into_iter().flatten();
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        for (pid, stat) in numbers.filter_map(|pid| Some((pid, Stat::read(pid)?))) {
            let started = Some(&stat.started);
            // An environment is read once: a process has it from its start, or from its parent.
            let is_other = self.others.get(&pid) == started;
            if self.known.get(&pid) == started || (!is_other && self.is_marked(pid)) {
                found.insert(pid, stat.started);
            } else {
                others.insert(pid, stat);
            }
        }
        // Children of theirs that hide their environment.
        let child = |found: &HashMap<i32, u64>, others: &HashMap<i32, Stat>| {
            let mut all = others.iter();
            all.find(|(_, stat)| found.contains_key(&stat.parent)).map(|(&pid, _)| pid)
        };
        while let Some(pid) = child(&found, &others) {
            found.extend(others.remove(&pid).map(|stat| (pid, stat.started)));
        }
        self.others = others.into_iter().map(|(pid, stat)| (pid, stat.started)).collect();
        found
    }

    /// Numbers of those that ran at the last look.
    pub(super) fn known(&self) -> impl Iterator<Item = i32> {
        self.known.keys().copied()
    }

    fn is_marked(&self, pid: i32) -> bool {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == self.mark)
    }

    /// What they take. Without a control group, time of processes that ended between two looks and whose parents did
    /// not wait for them is lost.
    pub(super) fn usage(&mut self) -> Usage {
        let (mut memory_bytes, mut cpu_secs) = (0, 0.0);
        for pid in self.all() {
            memory_bytes += memory(pid).unwrap_or(0);
            cpu_secs += Stat::read(pid).map_or(0.0, |stat| stat.cpu_secs);
        }
        let control = self.control.as_ref();
        if let Some(bytes) = control.and_then(ControlGroup::memory_bytes) {
            memory_bytes = bytes;
        }
        let cpu_secs = control.and_then(ControlGroup::cpu_secs).unwrap_or(cpu_secs);
        self.cpu_secs = self.cpu_secs.max(cpu_secs);
        Usage { memory_bytes, cpu_secs: self.cpu_secs, gpu_bytes: None }
    }

    /// Whether the system ended one of them for lack of memory.
    pub(super) fn out_of_memory(&self) -> bool {
        self.control.as_ref().is_some_and(ControlGroup::out_of_memory)
    }

    /// Ends all of them: asks, waits for `grace`, and then makes them. Returns how many are left, which
    /// can only be such as the system does not let this process end.
    pub(super) fn end(&mut self, grace: Duration) -> usize {
        let deadline = Instant::now() + grace;
        if !self.all().is_empty() {
            self.send(Signal::SIGTERM);
        }
        loop {
            if self.all().is_empty() {
                return 0;
            }
            if deadline <= Instant::now() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // One that forks while it is looked for is found in the next round.
        for _ in 0..200 {
            if let Some(control) = &self.control {
                control.kill();
            }
            self.send(Signal::SIGKILL);
            std::thread::sleep(Duration::from_millis(10));
            if self.all().is_empty() {
                break;
            }
        }
        self.known.len()
    }

    /// The first process has been waited for: its number may be given to another one.
    pub(super) fn first_is_gone(&mut self) {
        self.group = None;
    }

    fn send(&self, signal: Signal) {
        // One that is gone by now needs no signal.
        if let Some(group) = self.group {
            let _ = killpg(group, signal);
        }
        for pid in self.known() {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

/// What `/proc/PID/stat` says.
struct Stat {
    parent: i32,
    /// When it began, in clock ticks since the machine started.
    started: u64,
    /// Time of processors, its own and of children that it has waited for.
    cpu_secs: f64,
}

impl Stat {
    /// Of process `pid`; `None` if there is none, or if it only waits to be noticed as ended.
    fn read(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name of the program is in parentheses and may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<f64>().ok());
        (!matches!(*fields.first()?, "Z" | "X")).then_some(())?;
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
            cpu_secs: ticks.sum::<f64>() / TICKS_PER_SEC,
        })
    }
}

/// Memory of process `pid`: its own pages, and its share of those that others have too.
fn memory(pid: i32) -> Option<u64> {
    let kilobytes = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    let share = rollup.and_then(|text| kilobytes(&text, "Pss:"));
    let whole = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        kilobytes(&status, "VmRSS:")
    };
    Some(1024 * share.or_else(whole)?)
}

/// What a signal is called, for a message.
pub(super) fn signal_name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL: an instruction that this processor does not have)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL: somebody, or the system for lack of memory)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        24 => " (SIGXCPU)",
        _ => "",
    }
}
