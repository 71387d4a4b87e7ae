//! In place of what servers share, in one that was built without it.

use std::time::Duration;

use anyhow::bail;

use super::{Counted, Ends, Reply, States};

/// There is none.
#[derive(Debug)]
pub(crate) enum Redis {}

impl Redis {
    pub(crate) fn open(_: &str, _: &str) -> anyhow::Result<Self> {
        bail!("redis: this server was built without the feature `redis`")
    }
}

impl States for Redis {
    fn get<'a>(&'a self, _: &'a str) -> Reply<'a, Option<Vec<u8>>> {
        match *self {}
    }

    fn exchange<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a [u8]>,
        _: Option<&'a [u8]>,
        _: Duration,
    ) -> Reply<'a, bool> {
        match *self {}
    }

    fn add<'a>(&'a self, _: &'a str, _: i32, _: Ends) -> Reply<'a, u32> {
        match *self {}
    }

    fn count<'a>(&'a self, _: &'a str) -> Reply<'a, Option<Counted>> {
        match *self {}
    }

    fn forget<'a>(&'a self, _: &'a str) -> Reply<'a, ()> {
        match *self {}
    }
}
