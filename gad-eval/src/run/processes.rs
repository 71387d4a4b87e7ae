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

/// The mark of threads of the system among the flags of `/proc/PID/stat`.
const KERNEL_THREAD: u64 = 0x0020_0000;

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
    /// Others and when they began, likewise: such as cannot become of the job any more.
    others: HashMap<i32, u64>,
    /// Whether there was one at the last look of which that cannot be told yet, as it has no environment.
    is_unsettled: bool,
    /// Time of processors of the first process and of those that it waited for, once it has ended.
    first_cpu_secs: f64,
    /// Most time of processors that was seen.
    cpu_secs: f64,
    /// Most memory of one process that was seen.
    peak_bytes: u64,
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
            is_unsettled: false,
            first_cpu_secs: 0.0,
            cpu_secs: 0.0,
            peak_bytes: 0,
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

    /// How many are left. Where none is seen, one that takes up a program just now is given a moment to show its mark.
    pub(super) fn left(&mut self) -> usize {
        let deadline = Instant::now() + Duration::from_millis(20);
        while self.all().is_empty() && self.is_unsettled && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.known.len()
    }

    /// Looks at all processes of the machine.
    fn search(&mut self) -> HashMap<i32, u64> {
        let (mut found, mut others) = (HashMap::new(), HashMap::new());
        self.is_unsettled = false;
        let entries = fs::read_dir("/proc").into_iter().flatten();
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        for (pid, stat) in numbers.filter_map(|pid| Some((pid, Stat::read(pid)?))) {
            let started = Some(&stat.started);
            let is_other = self.others.get(&pid) == started;
            let is_known = self.known.get(&pid) == started;
            match if is_known || is_other { Some(is_known) } else { self.is_marked(pid, &stat) } {
                Some(true) => drop(found.insert(pid, stat.started)),
                marked => drop(others.insert(pid, (stat, marked.is_some()))),
            }
        }
        // Children of theirs that hide their environment.
        let child = |found: &HashMap<i32, u64>, others: &HashMap<i32, (Stat, bool)>| {
            let mut all = others.iter();
            all.find(|(_, (stat, _))| found.contains_key(&stat.parent)).map(|(&pid, _)| pid)
        };
        while let Some(pid) = child(&found, &others) {
            found.extend(others.remove(&pid).map(|(stat, _)| (pid, stat.started)));
        }
        let certain = others.into_iter().filter(|(_, (_, is_certain))| *is_certain);
        self.others = certain.map(|(pid, (stat, _))| (pid, stat.started)).collect();
        found
    }

    /// Numbers of those that ran at the last look.
    pub(super) fn known(&self) -> impl Iterator<Item = i32> {
        self.known.keys().copied()
    }

    /// Whether a process has the mark in its environment, which it has from its start or from its parent; `None` if
    /// that cannot be told yet: while it takes up a program its environment is empty.
    fn is_marked(&mut self, pid: i32, stat: &Stat) -> Option<bool> {
        if stat.is_of_kernel {
            return Some(false);
        }
        match fs::read(format!("/proc/{pid}/environ")) {
            Ok(environment) if environment.is_empty() => {
                self.is_unsettled = true;
                None
            }
            Ok(environment) => {
                Some(environment.split(|&byte| byte == 0).any(|variable| variable == self.mark))
            }
            // It is another user's, which it may cease to be.
            Err(_) => None,
        }
    }

    /// What they take. Without a control group, time of processes that ended between two looks and whose parents did
    /// not wait for them is lost.
    pub(super) fn usage(&mut self) -> Usage {
        let (mut memory_bytes, mut cpu_secs) = (0, self.first_cpu_secs);
        for pid in self.all() {
            if let Some(memory) = Memory::read(pid) {
                memory_bytes += memory.now;
                self.peak_bytes = self.peak_bytes.max(memory.peak);
            }
            cpu_secs += Stat::read(pid).map_or(0.0, |stat| stat.cpu_secs);
        }
        let control = self.control.as_ref();
        if let Some(bytes) = control.and_then(ControlGroup::memory_bytes) {
            memory_bytes = bytes;
        }
        let cpu_secs = control.and_then(ControlGroup::cpu_secs).unwrap_or(cpu_secs);
        self.cpu_secs = self.cpu_secs.max(cpu_secs);
        let (cpu_secs, peak_bytes) = (self.cpu_secs, self.peak_bytes);
        Usage { memory_bytes, peak_bytes, cpu_secs, gpu_bytes: None }
    }

    /// Whether the system ended one of them for lack of memory.
    pub(super) fn out_of_memory(&self) -> bool {
        self.control.as_ref().is_some_and(ControlGroup::out_of_memory)
    }

    /// Ends all of them: asks, waits for `grace`, and then makes them. Returns how many are left, which
    /// can only be such as the system does not let this process end.
    pub(super) fn end(&mut self, grace: Duration) -> usize {
        let deadline = Instant::now() + grace;
        if self.left() != 0 {
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
            if self.left() == 0 {
                break;
            }
        }
        self.known.len()
    }

    /// The first process has ended, and is about to be waited for: what it took is to be read before, and its number
    /// may be given to another one after.
    pub(super) fn first_has_ended(&mut self) {
        if let Some(first) = self.group.take() {
            let stat = Stat::of(first.as_raw());
            self.first_cpu_secs = stat.map_or(0.0, |stat| stat.cpu_secs);
        }
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
    /// Whether it has ended and only waits to be noticed.
    has_ended: bool,
    /// Whether it is a thread of the system, which no program begins.
    is_of_kernel: bool,
}

impl Stat {
    /// Of process `pid`; `None` if there is none, or if it only waits to be noticed as ended.
    fn read(pid: i32) -> Option<Self> {
        Self::of(pid).filter(|stat| !stat.has_ended)
    }

    /// Of process `pid`, whether it has ended or not.
    fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name of the program is in parentheses and may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<f64>().ok());
        let flags: u64 = fields.get(6)?.parse().ok()?;
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
            cpu_secs: ticks.sum::<f64>() / TICKS_PER_SEC,
            has_ended: matches!(*fields.first()?, "Z" | "X"),
            is_of_kernel: flags & KERNEL_THREAD != 0,
        })
    }
}

/// Memory of a process, in bytes.
struct Memory {
    /// Its own pages, and its share of those that others have too.
    now: u64,
    /// The most that it ever had, less what others have of that now.
    peak: u64,
}

impl Memory {
    fn read(pid: i32) -> Option<Self> {
        let kilobytes = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let resident = kilobytes(&status, "VmRSS:")?;
        let most = kilobytes(&status, "VmHWM:").unwrap_or(resident);
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
        let share = rollup.and_then(|text| kilobytes(&text, "Pss:")).unwrap_or(resident);
        let of_others = resident.saturating_sub(share);
        Some(Self { now: 1024 * share, peak: 1024 * most.saturating_sub(of_others) })
    }
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A process that leads its group and has the mark, and what it prints.
    fn begin(mark: &str, script: &str) -> (Child, BufReader<std::process::ChildStdout>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]).env(MARK, mark).process_group(0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        (child, output)
    }

    fn line(output: &mut impl BufRead) -> String {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    #[test]
    fn what_ended_unseen_is_counted_without_a_control_group() {
        let mark = crate::file::unique();
        // A child that takes much and has ended, another one that nobody waits for, and its parent, which ends.
        let script = "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done'\n\
                      read x; setsid sleep 100 & echo $!; exit 0";
        let (mut child, mut output) = begin(&mark, script);
        let mut processes = Processes::new(&mark, child.id(), None);
        assert!(processes.usage().cpu_secs < 10.0);
        writeln!(child.stdin.take().unwrap()).unwrap();
        assert!(line(&mut output).parse::<i32>().is_ok());
        crate::process::wait_for_end(child.id()).unwrap();
        processes.first_has_ended();
        child.wait().unwrap();
        let after = processes.usage().cpu_secs;
        assert!(0.03 < after, "{after}");
        assert_eq!(processes.all().len(), 1);
        assert_eq!(processes.end(Duration::ZERO), 0);
        assert!(after <= processes.usage().cpu_secs);
    }

    #[test]
    fn the_peak_of_a_process_is_seen_when_it_is_over() {
        let mark = crate::file::unique();
        // The shell takes 40 MB for a moment, and gives them back.
        let script = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); x=; echo done; read y";
        let (mut child, mut output) = begin(&mark, script);
        assert_eq!(line(&mut output), "done");
        let usage = Processes::new(&mark, child.id(), None).usage();
        assert!(20_000_000 < usage.peak_bytes, "{usage:?}");
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_process_without_variables_is_looked_at_again() {
        let mark = crate::file::unique();
        // It looks as one does that takes up its program just now, and then has the mark.
        let script = format!("echo empty; read x; {MARK}={mark} exec sleep 100");
        let mut command = Command::new("env");
        command.args(["-i", "/bin/sh", "-c", &script]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        assert_eq!(line(&mut output), "empty");
        let mut processes = Processes::marked(&mark);
        assert!(processes.all().is_empty());
        let own = std::process::id() as i32;
        assert!(processes.others.contains_key(&own), "others are read once");
        writeln!(child.stdin.take().unwrap()).unwrap();
        let deadline = Instant::now() + Duration::from_mins(1);
        while processes.all() != [child.id() as i32] {
            assert!(Instant::now() < deadline, "it is not found");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
