//! Whose turn it is: so many layouts move at the same time on a device, and others wait in order.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use graphlume::Device;

use super::inbox::Inbox;

/// The places of all devices.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    devices: Mutex<HashMap<Device, Places>>,
}

/// The places of one.
#[derive(Debug, Default)]
struct Places {
    moving: Vec<u64>,
    waiting: VecDeque<(u64, Weak<Inbox>)>,
}

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        Self { most, devices: Mutex::default() }
    }

    /// Whether it is the turn of `ticket`. If not, it waits, and its bell rings when it may ask again.
    pub(super) fn enter(&self, device: Device, ticket: u64, bell: &Weak<Inbox>) -> bool {
        let mut devices = self.lock();
        let places = devices.entry(device).or_default();
        if places.moving.contains(&ticket) {
            return true;
        }
        if places.moving.len() < self.most && places.waiting.is_empty() {
            places.moving.push(ticket);
            return true;
        }
        if !places.waiting.iter().any(|(waiting, _)| *waiting == ticket) {
            places.waiting.push_back((ticket, bell.clone()));
        }
        false
    }

    /// Gives up the place of `ticket`, or its wait for one.
    pub(super) fn leave(&self, device: Device, ticket: u64) {
        let mut devices = self.lock();
        let Some(places) = devices.get_mut(&device) else { return };
        places.moving.retain(|moving| *moving != ticket);
        places.waiting.retain(|(waiting, _)| *waiting != ticket);
        while places.moving.len() < self.most {
            let Some((next, bell)) = places.waiting.pop_front() else { break };
            if let Some(bell) = bell.upgrade() {
                places.moving.push(next);
                bell.ring();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Device, Places>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn turns_are_taken_in_order_and_given_on() {
        let slots = Slots::new(2);
        let bells: Vec<Arc<Inbox>> = (0..5).map(|_| Arc::default()).collect();
        let enter = |ticket: u64| {
            slots.enter(Device::Cpu, ticket, &Arc::downgrade(&bells[ticket as usize]))
        };
        assert!(enter(0) && enter(1) && enter(1));
        assert!(!enter(2) && !enter(3) && !enter(4) && !enter(2));
        slots.leave(Device::Cpu, 3);
        slots.leave(Device::Cpu, 0);
        assert!(bells[2].is_rung() && !bells[4].is_rung());
        assert!(enter(2) && !enter(0) && !enter(4));
        slots.leave(Device::Cpu, 0);
        slots.leave(Device::Cpu, 1);
        assert!(enter(4) && !enter(1));
    }

    #[test]
    fn whoever_is_gone_holds_up_nobody() {
        let slots = Slots::new(1);
        let [first, gone, last]: [Arc<Inbox>; 3] = std::array::from_fn(|_| Arc::default());
        assert!(slots.enter(Device::Cpu, 0, &Arc::downgrade(&first)));
        assert!(!slots.enter(Device::Cpu, 1, &Arc::downgrade(&gone)));
        assert!(!slots.enter(Device::Cpu, 2, &Arc::downgrade(&last)));
        drop(gone);
        slots.leave(Device::Cpu, 0);
        assert!(slots.enter(Device::Cpu, 2, &Arc::downgrade(&last)));
    }
}
