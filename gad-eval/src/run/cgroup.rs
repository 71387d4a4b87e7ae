//! A control group of a job, where the system lets us make one.

use std::fs;
use std::path::{Path, PathBuf};

/// A group of Linux' second version, which no process can leave by itself.
///
/// Where the controller of memory is not ours to use, the group still counts time of processors and finds
/// every process.
#[derive(Debug)]
pub(super) struct ControlGroup {
    folder: PathBuf,
}

impl ControlGroup {
    /// Makes a group for the job `name`, below that of this process, which holds at most `memory` bytes.
    pub(super) fn new(name: &str, memory: Option<u64>) -> Option<Self> {
        let parent = parent()?;
        let folder = parent.join(folder_name(name));
        fs::create_dir(&folder).ok()?;
        let group = Self { folder };
        if let Some(memory) = memory {
            // Without the controller there is no such file, and the runner watches alone.
            let _ = group.write("memory.max", &memory.to_string());
            let _ = group.write("memory.swap.max", "0");
            let _ = group.write("memory.oom.group", "1");
        }
        Some(group)
    }

    /// The group of a job whose runner is gone.
    pub(super) fn find(name: &str) -> Option<Self> {
        let folder = parent()?.join(folder_name(name));
        folder.is_dir().then_some(Self { folder })
    }

    fn write(&self, file: &str, text: &str) -> std::io::Result<()> {
        let path = self.folder.join(file);
        // Writing would make the file in a folder that is no control group.
        match path.exists() {
            true => fs::write(path, text),
            false => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    /// Puts process `pid` into it; those that it begins will be in it too.
    pub(super) fn add(&self, pid: u32) -> std::io::Result<()> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// Numbers of the processes in it.
    pub(super) fn processes(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).filter(|&pid| pid != 0).collect()
    }

    fn number(&self, file: &str, key: &str) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join(file)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().parse().ok()
    }

    /// Memory of its processes without files that are merely kept; `None` without the controller.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        let all = self.number("memory.current", "")?;
        let kept = self.number("memory.stat", "inactive_file ").unwrap_or(0);
        Some(all.saturating_sub(kept))
    }

    /// Time of processors of all processes that are or were in it.
    pub(super) fn cpu_secs(&self) -> Option<f64> {
        self.number("cpu.stat", "usage_usec ").map(|usec| usec as f64 / 1e6)
    }

    /// Whether the system ended a process of it for lack of memory.
    pub(super) fn out_of_memory(&self) -> bool {
        self.number("memory.events", "oom_kill ").is_some_and(|kills| 0 < kills)
    }

    /// Ends all processes in it at once, where the system can do that.
    pub(super) fn kill(&self) {
        let _ = self.write("cgroup.kill", "1");
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // It cannot be removed before all processes have ended, and then nobody needs it.
        let _ = fs::remove_dir(&self.folder);
    }
}

fn folder_name(name: &str) -> String {
    format!("graphlume-{name}")
}

/// The folder of the group that this process is in.
fn parent() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mount = fields.find(|fields| fields.get(2) == Some(&"cgroup2"))?[1].to_owned();
    let folder = Path::new(&mount).join(group);
    folder.join("cgroup.procs").is_file().then_some(folder)
}
