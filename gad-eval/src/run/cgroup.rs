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

    /// Numbers of the processes in it, and in groups that these have made of it.
    pub(super) fn processes(&self) -> Vec<i32> {
        let texts = self.folders().into_iter().map(|folder| folder.join("cgroup.procs"));
        let texts: Vec<String> = texts.filter_map(|path| fs::read_to_string(path).ok()).collect();
        let numbers = texts.iter().flat_map(|text| text.lines());
        numbers.filter_map(|line| line.parse().ok()).filter(|&pid| pid != 0).collect()
    }

    /// Its folder and those below it, each after the one that it is in.
    fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.folder.clone()];
        let mut at = 0;
        while let Some(folder) = folders.get(at) {
            let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let inner: Vec<PathBuf> = inner.map(|entry| entry.path()).collect();
            folders.extend(inner);
            at += 1;
        }
        folders
    }

    fn number(&self, file: &str, key: &str) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join(file)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().parse().ok()
    }

    /// Memory of its processes; `None` without the controller.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        own_memory(|name| self.number("memory.stat", &format!("{name} ")))
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

/// Memory of the processes of a group, of what `stat` says of it by the names of either version: their own pages, and
/// those of files that they map or that are in memory alone, each once. What is merely kept of files that they have read
/// or written can go at any time.
pub(super) fn own_memory(stat: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let either = |second, first| stat(second).or_else(|| stat(first));
    let mapped = either("file_mapped", "total_mapped_file").unwrap_or(0);
    let in_memory = either("shmem", "total_shmem").unwrap_or(0);
    // Pages of memory alone are among those that are mapped if they are.
    Some(either("anon", "total_rss")? + mapped.max(in_memory))
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // It cannot be removed before all processes have ended, and then nobody needs it.
        for folder in self.folders().iter().rev() {
            let _ = fs::remove_dir(folder);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_says_is_read() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("group");
        fs::create_dir_all(folder.join("inner/most")).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write("cgroup.procs", "12\n0\n");
        write("inner/cgroup.procs", "13\n");
        write("inner/most/cgroup.procs", "14\n");
        let group = ControlGroup { folder: folder.clone() };
        assert_eq!(group.processes(), [12, 13, 14]);
        assert_eq!(group.memory_bytes(), None);
        // Of 900 MB in all, most is of files that were read.
        write("memory.current", "900000000\n");
        write(
            "memory.stat",
            "anon 5000\nfile 899000000\nkernel 1000\nshmem 300\nfile_mapped 700\n\
             inactive_file 100\nactive_file 898000000\n",
        );
        write("cpu.stat", "usage_usec 2500000\nuser_usec 1\n");
        write("memory.events", "low 0\noom 1\noom_kill 1\n");
        assert_eq!(group.memory_bytes(), Some(5700));
        assert_eq!((group.cpu_secs(), group.out_of_memory()), (Some(2.5), true));
    }

    #[test]
    fn groups_in_it_go_with_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("group");
        fs::create_dir_all(folder.join("inner/most")).unwrap();
        drop(ControlGroup { folder: folder.clone() });
        assert!(!folder.exists());
    }
}
