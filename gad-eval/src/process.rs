//! Children of this process, which keep their numbers until they are waited for.

use std::io;
use std::process::Child;

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

fn look(pid: u32, more: WaitPidFlag) -> io::Result<WaitStatus> {
    let pid = Pid::from_raw(pid as i32);
    loop {
        match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | more) {
            Err(Errno::EINTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Whether `child` has ended. It is left to be waited for: until then neither its number nor that of its group can be
/// another one's, so that signals reach nobody else, and what it took can be read.
pub(crate) fn has_ended(child: &Child) -> io::Result<bool> {
    Ok(look(child.id(), WaitPidFlag::WNOHANG)? != WaitStatus::StillAlive)
}

/// Waits until the child with this number has ended, which is left to be waited for.
pub(crate) fn wait_for_end(pid: u32) -> io::Result<()> {
    look(pid, WaitPidFlag::empty()).map(drop)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn one_that_has_ended_keeps_its_number() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(!has_ended(&child).unwrap());
        drop(child.stdin.take());
        wait_for_end(child.id()).unwrap();
        assert!(has_ended(&child).unwrap() && has_ended(&child).unwrap());
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        assert!(stat.contains(") Z "), "{stat}");
        assert!(child.wait().unwrap().success());
        assert!(has_ended(&child).is_err());
    }
}
