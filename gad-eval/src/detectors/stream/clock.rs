//! Ticks: the time of a stream in whole steps, which never go back.

use crate::{Error, Result};

/// Where a stream is in time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clock {
    length: u64,
    start: Option<i64>,
    now: Option<i64>,
    tick: u64,
    n_edges: u64,
}

/// The state of a [`Clock`] beside its options: whether it has begun, start, now, tick, edges.
pub(super) type ClockState = [u64; 5];

impl Clock {
    /// Ticks of `length` units of time each; the first begins at `start`, or with the first edge.
    pub(super) fn new(length: u64, start: Option<i64>) -> Self {
        Self { length, start, now: None, tick: 1, n_edges: 0 }
    }

    /// Goes to the time of the next edge; whether that is a later tick.
    #[inline]
    pub(super) fn advance(&mut self, time: i64) -> Result<bool> {
        let before = self.now;
        if before == Some(time) {
            self.n_edges += 1;
            return Ok(false);
        }
        self.advance_to(time)
    }

    fn advance_to(&mut self, time: i64) -> Result<bool> {
        let start = *self.start.get_or_insert(time);
        let before = self.now.unwrap_or(start);
        if time < before {
            return Err(Error::TimeGoesBack { edge: self.n_edges, time, before });
        }
        self.now = Some(time);
        self.n_edges += 1;
        let tick = time.abs_diff(start) / self.length + 1;
        let later = tick > self.tick;
        self.tick = tick;
        Ok(later)
    }

    /// The number of the tick, from 1.
    pub(super) fn tick(&self) -> u64 {
        self.tick
    }

    /// How many edges there were.
    pub(super) fn n_edges(&self) -> u64 {
        self.n_edges
    }

    pub(super) fn state(&self) -> ClockState {
        let bits = |time: Option<i64>| time.unwrap_or(0) as u64;
        let begun = u64::from(self.now.is_some());
        [begun, bits(self.start), bits(self.now), self.tick, self.n_edges]
    }

    /// The clock with these options whose state it was; `None` if no such clock can be.
    pub(super) fn restore(mut self, state: ClockState) -> Option<Self> {
        let [begun, start, now, tick, n_edges] = state;
        if begun == 0 {
            return (tick == 1 && n_edges == 0).then_some(self);
        }
        let (start, now) = (start as i64, now as i64);
        let fits = self.start.is_none_or(|known| known == start)
            && start <= now
            && tick == now.abs_diff(start) / self.length + 1
            && n_edges > 0;
        (self.start, self.now, self.tick, self.n_edges) = (Some(start), Some(now), tick, n_edges);
        fits.then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_count_from_the_start() {
        let mut clock = Clock::new(10, None);
        for (time, tick, later) in
            [(-5, 1, false), (4, 1, false), (5, 2, true), (5, 2, false), (40, 5, true)]
        {
            assert_eq!(clock.advance(time).unwrap(), later, "{time}");
            assert_eq!(clock.tick(), tick, "{time}");
        }
        let mut clock = Clock::new(1, Some(1));
        assert!(clock.advance(100).unwrap());
        assert_eq!(clock.tick(), 100);
        let mut clock = Clock::new(1, Some(i64::MIN));
        assert!(clock.advance(i64::MAX - 1).unwrap());
    }

    #[test]
    fn time_does_not_go_back() {
        let mut clock = Clock::new(1, None);
        clock.advance(3).unwrap();
        clock.advance(4).unwrap();
        let Error::TimeGoesBack { edge, time, before } = clock.advance(3).unwrap_err() else {
            panic!("another error")
        };
        assert_eq!((edge, time, before), (2, 3, 4));
        assert_eq!(clock.n_edges(), 2);
        assert!(Clock::new(1, Some(1)).advance(0).is_err());
    }

    #[test]
    fn a_state_that_contradicts_itself_is_refused() {
        let mut clock = Clock::new(10, None);
        assert_eq!(Clock::new(10, None).restore(clock.state()), Some(clock.clone()));
        clock.advance(7).unwrap();
        clock.advance(33).unwrap();
        let state = clock.state();
        assert_eq!(Clock::new(10, None).restore(state), Some(clock.clone()));
        assert_eq!(Clock::new(5, None).restore(state), None);
        assert_eq!(Clock::new(10, Some(8)).restore(state), None);
        for place in 0..4 {
            let mut wrong = state;
            wrong[place] = wrong[place].wrapping_add(50);
            let refused = Clock::new(10, None).restore(wrong).is_none();
            assert!(refused || place == 0, "{place}");
        }
    }
}
