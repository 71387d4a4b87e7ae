//! The thread of a layout: it makes steps, obeys, and shows where the nodes are.

use std::any::Any;
use std::collections::BTreeSet;
use std::mem;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use graphlume::layout::pack::{PackConfig, pack};
use graphlume::layout::{Config, Error, LayoutBuilder, State as Progress, Stop};
use graphlume::{Device, Graph, Layout};
use tokio::sync::oneshot;

use super::check::{FARTHEST, changed};
use super::history::Snapshot;
use super::inbox::{Command, End, Inbox};
use super::session::{Reason, Session, Status};
use super::wire::{Grid, Head, LayoutState};
use super::{Left, Registry};

/// Least time between two frames.
const FRAME: Duration = Duration::from_millis(33);

/// How long a layout moves unseen before its places are noted: what a failure leaves.
const CHECKPOINT: Duration = Duration::from_secs(2);

/// Where a layout begins.
#[derive(Debug)]
pub(super) enum Start {
    /// At random places.
    Random,
    /// At these positions.
    At([Vec<f32>; 2]),
}

/// What a layout begins with.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) start: Start,
    pub(super) options: Config,
    pub(super) pinned: BTreeSet<u32>,
    pub(super) device: Device,
    /// Whether the processor will do if the device fails.
    pub(super) is_auto: bool,
    /// Whether it moves without being asked to.
    pub(super) runs: bool,
}

/// Until when a layout moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Rest,
    Settle,
    Steps(u32),
}

/// What the last message was about that is wrong only until something is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Complaint {
    /// The layout failed.
    Failure,
    /// Options could not be taken.
    Options,
}

/// Why a turn could not be finished.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Layout(#[from] Error),
    #[error("the layout went to places that are no numbers; other options may help")]
    Infinite,
}

/// What the thread knows.
#[derive(Debug)]
pub(super) struct Worker {
    session: Arc<Session>,
    registry: Arc<Registry>,
    graph: Arc<Graph>,
    inbox: Weak<Inbox>,
    ticket: u64,
    layout: Option<Layout>,
    /// Where the next layout begins, while there is none.
    start: Start,
    /// Nodes of it that are held, and where.
    held: Vec<(u32, [f32; 2])>,
    /// Steps that were made before this layout.
    made: usize,
    options: Config,
    pinned: BTreeSet<u32>,
    device: Device,
    is_auto: bool,
    goal: Goal,
    /// Whether it is our turn to move.
    has_turn: bool,
    state: LayoutState,
    reason: Option<Reason>,
    n_notes: u64,
    complaint: Option<Complaint>,
    /// Who wants to know when all that was asked for has begun.
    askers: Vec<oneshot::Sender<()>>,
    /// When somebody steered, or it began to move.
    touched: Instant,
    /// When the last frame was begun.
    framed: Instant,
    /// Whether something has changed since.
    is_dirty: bool,
    sequence: u32,
    epoch: u32,
    grid: Grid,
    places: Vec<u32>,
}

impl Worker {
    pub(super) fn new(
        session: Arc<Session>,
        registry: Arc<Registry>,
        graph: Arc<Graph>,
        ticket: u64,
        begin: Begin,
    ) -> Self {
        let Begin { start, options, pinned, device, is_auto, runs } = begin;
        let now = Instant::now();
        Self {
            inbox: Arc::downgrade(&session.inbox),
            session,
            registry,
            graph,
            ticket,
            layout: None,
            start,
            held: Vec::new(),
            made: 0,
            options,
            pinned,
            device,
            is_auto,
            goal: if runs { Goal::Settle } else { Goal::Rest },
            has_turn: false,
            state: LayoutState::Paused,
            reason: runs.then_some(Reason::Waiting),
            n_notes: 0,
            complaint: None,
            askers: Vec::new(),
            touched: now,
            framed: now,
            is_dirty: true,
            sequence: 0,
            epoch: 0,
            grid: Grid { low: [0.0; 2], scale: 1.0 },
            places: Vec::new(),
        }
    }

    /// What viewers know at the beginning.
    pub(super) fn first_status(begin: &Begin) -> Status {
        Status {
            state: LayoutState::Paused,
            reason: begin.runs.then_some(Reason::Waiting),
            options: Arc::new(begin.options.clone()),
            pinned: begin.pinned.iter().copied().collect(),
            device: begin.device.to_string().into(),
            note: (0, "".into()),
            end: None,
        }
    }

    /// Lives until the session ends.
    pub(super) fn run(mut self) {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.turn())) {
                Ok(Ok(ControlFlow::Continue(()))) => {}
                Ok(Ok(ControlFlow::Break(end))) => return self.end(end),
                Ok(Err(failure)) => self.fail(&failure.to_string()),
                Err(panic) => {
                    let dataset = &self.session.dataset;
                    tracing::error!(dataset, "the thread of a layout panicked: {}", words(&*panic));
                    self.fail(
                        "the layout failed by a fault of ours; play begins it anew from here",
                    );
                }
            }
        }
    }

    /// Does what there is to do, or waits for something.
    fn turn(&mut self) -> Result<ControlFlow<End>, Failure> {
        if let Some(end) = self.session.inbox.ending() {
            return Ok(ControlFlow::Break(end));
        }
        if let Some(command) = self.session.inbox.pop() {
            self.obey(command)?;
            return Ok(ControlFlow::Continue(()));
        }
        if self.layout.is_none() && self.state != LayoutState::Stopped {
            self.build()?;
        }
        if self.goal != Goal::Rest && !self.has_turn {
            self.has_turn = self.registry.slots.enter(self.device, self.ticket, &self.inbox);
            match self.has_turn {
                true => {
                    self.touched = Instant::now();
                    self.say(LayoutState::Running, None);
                }
                false => self.say(LayoutState::Paused, Some(Reason::Waiting)),
            }
        }
        for asker in self.askers.drain(..) {
            // They may have gone.
            let _ = asker.send(());
        }
        if self.has_turn {
            self.advance()?;
        }
        if self.is_dirty && self.frame_due() <= Instant::now() {
            self.show()?;
        }
        if self.has_turn {
            if self.touched.elapsed() >= self.registry.play_timeout {
                self.rest(LayoutState::Paused, Some(Reason::Idle));
            }
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(unused) = self.session.unused_for()
            && self.goal == Goal::Rest
            && unused >= self.registry.linger
            && self.registry.retire(&self.session)
        {
            return Ok(ControlFlow::Break(End::Unused));
        }
        self.session.inbox.wait(self.patience());
        Ok(ControlFlow::Continue(()))
    }

    /// When the next frame should be made, if anything has changed.
    fn frame_due(&self) -> Instant {
        match (self.sequence, self.session.inbox.is_wanted()) {
            (0, _) => self.framed,
            (_, true) => self.framed + FRAME,
            (_, false) => self.framed + CHECKPOINT,
        }
    }

    /// How long there is nothing to do, unless the bell rings.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let frame = self.is_dirty.then(|| self.frame_due().saturating_duration_since(now));
        let unused = self.session.unused_for();
        let linger = unused.map(|unused| self.registry.linger.saturating_sub(unused));
        let longest = Duration::from_hours(1);
        [frame, linger]
            .into_iter()
            .flatten()
            .fold(longest, Duration::min)
            .max(Duration::from_millis(1))
    }

    fn obey(&mut self, command: Command) -> Result<(), Failure> {
        if !matches!(command, Command::Sync(_) | Command::Positions(_)) {
            self.touched = Instant::now();
        }
        match command {
            Command::Play => self.go(Goal::Settle),
            Command::Pause => {
                if self.state != LayoutState::Stopped && self.state != LayoutState::Settled {
                    self.rest(LayoutState::Paused, None);
                }
            }
            Command::Step(n) => self.go(Goal::Steps(n)),
            Command::Restart { seed } => {
                let at = self.pinned_positions()?;
                self.held = at;
                self.layout = None;
                self.start = Start::Random;
                self.made = 0;
                self.count(0, 0.0);
                if let Some(seed) = seed {
                    self.options.seed = seed;
                    self.tell_options();
                }
                self.go(Goal::Settle);
            }
            Command::Options(changes) => match changed(&self.options, &changes) {
                Ok(options) => {
                    if let Some(layout) = &mut self.layout
                        && let Err(error) = layout.set_config(options.clone())
                    {
                        self.complain(Complaint::Options, &error.to_string());
                        return Ok(());
                    }
                    self.options = options;
                    self.tell_options();
                    self.withdraw(Complaint::Options);
                    self.wake();
                }
                // Two changes that went together one by one do not together.
                Err(error) => self.complain(Complaint::Options, &error.to_string()),
            },
            Command::Pin(nodes) => self.fix(&nodes, true)?,
            Command::Unpin(nodes) => {
                self.fix(&nodes, false)?;
                self.wake();
            }
            Command::Move { nodes, x, y } => {
                self.revive()?;
                let Some(layout) = &mut self.layout else { return Ok(()) };
                for (&node, (&x, &y)) in nodes.iter().zip(x.iter().zip(&y)) {
                    layout.move_node(node, x, y)?;
                }
                self.is_dirty = true;
                self.wake();
            }
            Command::Device { device, is_auto } => {
                if device != self.device {
                    self.put_away()?;
                    self.give_way();
                    self.device = device;
                    self.tell_options();
                }
                self.is_auto = is_auto;
            }
            Command::Stop => {
                self.put_away()?;
                self.rest(LayoutState::Stopped, None);
            }
            Command::Positions(answer) => {
                // Whoever asked may have gone.
                let _ = answer.send(self.positions()?);
            }
            Command::Sync(answer) => self.askers.push(answer),
        }
        Ok(())
    }

    /// Moves until `goal` is reached, once it is our turn.
    fn go(&mut self, goal: Goal) {
        self.goal = goal;
        let state = if self.has_turn { LayoutState::Running } else { LayoutState::Paused };
        self.say(state, (!self.has_turn).then_some(Reason::Waiting));
    }

    /// What has come to rest goes on, as something is not where it was; what somebody has paused does not.
    fn wake(&mut self) {
        if self.state == LayoutState::Settled {
            self.go(Goal::Settle);
        }
    }

    /// Holds nodes where they are, or lets them go.
    fn fix(&mut self, nodes: &[u32], is_fixed: bool) -> Result<(), Failure> {
        for &node in nodes {
            if let Some(layout) = &mut self.layout {
                layout.set_fixed(node, is_fixed)?;
            }
            match is_fixed {
                true => self.pinned.insert(node),
                false => self.pinned.remove(&node),
            };
        }
        self.tell(|status, worker| status.pinned = worker.pinned.iter().copied().collect());
        Ok(())
    }

    /// Gives a layout that was stopped its memory back.
    fn revive(&mut self) -> Result<(), Failure> {
        if self.layout.is_none() {
            self.build()?;
        }
        if self.state == LayoutState::Stopped {
            self.say(LayoutState::Paused, None);
        }
        Ok(())
    }

    fn describe(&self, device: Device) -> LayoutBuilder<'_> {
        let builder = Layout::builder(&self.graph).config(self.options.clone()).device(device);
        match self.pinned.is_empty() {
            true => builder,
            false => {
                let mut fixed = vec![false; self.graph.n_nodes()];
                for &node in &self.pinned {
                    fixed[node as usize] = true;
                }
                builder.fixed(&fixed)
            }
        }
    }

    /// Makes the layout, elsewhere than wanted if that is allowed and needed.
    fn build(&mut self) -> Result<(), Failure> {
        let make = |device| {
            let builder = self.describe(device);
            match &self.start {
                Start::Random => builder.build(),
                Start::At([x, y]) => builder.positions(x, y).build(),
            }
        };
        let mut layout = match make(self.device) {
            Err(Error::Device(error)) if self.is_auto && self.device != Device::Cpu => {
                let layout = make(Device::Cpu)?;
                let text =
                    format!("the layout moves on the processor, since {}: {error}", self.device);
                self.give_way();
                self.device = Device::Cpu;
                self.note(&text);
                layout
            }
            other => other?,
        };
        for (node, [x, y]) in mem::take(&mut self.held) {
            layout.move_node(node, x, y)?;
        }
        self.layout = Some(layout);
        self.start = Start::Random;
        self.is_dirty = true;
        self.tell_options();
        self.withdraw(Complaint::Failure);
        Ok(())
    }

    /// Gives up the layout's memory, but not where its nodes are.
    fn put_away(&mut self) -> Result<(), Failure> {
        if self.layout.is_some() {
            self.start = Start::At(self.positions()?);
            self.made = self.session.iteration() as usize;
            self.layout = None;
        }
        Ok(())
    }

    fn positions(&mut self) -> Result<[Vec<f32>; 2], Failure> {
        if self.layout.is_none() {
            if let Start::At(positions) = &self.start {
                return Ok(positions.clone());
            }
            self.build()?;
        }
        match &self.layout {
            Some(layout) => Ok(layout.positions()?.map(<[f32]>::to_vec)),
            None => Ok(Default::default()),
        }
    }

    fn pinned_positions(&mut self) -> Result<Vec<(u32, [f32; 2])>, Failure> {
        if self.pinned.is_empty() {
            return Ok(Vec::new());
        }
        let [x, y] = self.positions()?;
        Ok(self.pinned.iter().map(|&u| (u, [x[u as usize], y[u as usize]])).collect())
    }

    /// Moves until there is something else to do.
    fn advance(&mut self) -> Result<(), Failure> {
        if self.graph.n_nodes() < 2 {
            // Nothing pulls or pushes.
            self.rest(LayoutState::Settled, None);
            return Ok(());
        }
        let idle = self.touched + self.registry.play_timeout;
        let (wanted, unwanted) = (self.framed + FRAME, self.framed + CHECKPOINT);
        let most = match self.goal {
            Goal::Steps(n) => n as usize,
            _ => usize::MAX,
        };
        let session = Arc::clone(&self.session);
        let made = self.made;
        let Some(layout) = &mut self.layout else { return Ok(()) };
        let report = layout.run(most, |layout| {
            let last = layout.last();
            session.iteration.store((made + last.iteration) as u32, Ordering::Relaxed);
            session.movement.store((last.mean_displacement as f32).to_bits(), Ordering::Relaxed);
            let (inbox, now) = (&session.inbox, Instant::now());
            let is_due = (now >= wanted && inbox.is_wanted()) || now >= unwanted || now >= idle;
            match is_due || inbox.is_pressing() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        self.is_dirty = true;
        if !(report.last.mean_displacement.is_finite() && report.last.radius.is_finite()) {
            return Err(Failure::Infinite);
        }
        match self.goal {
            Goal::Steps(n) => match n.saturating_sub(report.iterations as u32) {
                0 => self.rest(LayoutState::Paused, None),
                left => self.goal = Goal::Steps(left),
            },
            _ if report.stop == Stop::Converged => self.settle()?,
            _ => {}
        }
        Ok(())
    }

    /// Puts the parts of a graph side by side, which forces alone do not, and rests.
    fn settle(&mut self) -> Result<(), Failure> {
        if let Some(layout) = &self.layout
            && self.pinned.is_empty()
        {
            let [mut x, mut y] = layout.positions()?.map(<[f32]>::to_vec);
            let report = pack(&self.graph, &mut x, &mut y, &PackConfig::default())?;
            if report.n_components > 1 {
                let wide = |column: &[f32]| column.iter().map(|&v| v.into()).collect();
                let progress = Progress { x: wide(&x), y: wide(&y), ..layout.state()? };
                self.put_away()?;
                self.layout = Some(self.describe(self.device).resume(progress).build()?);
                self.start = Start::Random;
            }
        }
        self.rest(LayoutState::Settled, None);
        Ok(())
    }

    fn rest(&mut self, state: LayoutState, reason: Option<Reason>) {
        self.goal = Goal::Rest;
        self.give_way();
        self.say(state, reason);
    }

    /// Lets others move.
    fn give_way(&mut self) {
        self.registry.slots.leave(self.device, self.ticket);
        self.has_turn = false;
    }

    /// Shows where the nodes are.
    fn show(&mut self) -> Result<(), Failure> {
        if self.layout.is_none() && self.places.len() != self.graph.n_nodes() {
            // It failed before it was there.
            self.is_dirty = false;
            return Ok(());
        }
        self.framed = Instant::now();
        self.session.inbox.serve();
        let mut changes = None;
        if let Some(layout) = &mut self.layout {
            let frame = layout.frame()?;
            if !(frame.grid.low.iter().all(|v| v.is_finite()) && frame.grid.scale.is_finite()) {
                return Err(Failure::Infinite);
            }
            frame.apply(&mut self.places);
            self.grid = frame.grid;
            match frame.is_key {
                true => self.epoch += 1,
                false => changes = Some(frame.changes),
            }
        }
        let before = self.sequence;
        self.sequence += 1;
        let head = Head {
            sequence: self.sequence,
            base: None,
            grid: self.grid,
            iteration: self.session.iteration(),
            movement: self.session.movement(),
            state: self.state,
        };
        let snapshot = Snapshot::new(head, self.epoch, self.places.clone());
        if let Some(changes) = changes.filter(|_| self.session.n_viewers() > 0) {
            snapshot.prepare(before, &changes);
        }
        let snapshot = Arc::new(snapshot);
        self.session.history.push(Arc::clone(&snapshot));
        self.session.latest.send_replace(Some(snapshot));
        self.is_dirty = false;
        Ok(())
    }

    /// Leaves the layout that failed, so that it can begin anew from where it was last seen.
    fn fail(&mut self, message: &str) {
        self.layout = None;
        self.askers.clear();
        if let Some(snapshot) = &*self.session.latest.borrow() {
            let positions = snapshot.positions();
            // From where options have thrown the nodes there may be no way back.
            let is_near = |v: &f32| v.abs() <= FARTHEST;
            self.start = match positions.iter().flatten().all(is_near) {
                true => Start::At(positions),
                false => Start::Random,
            };
        }
        let n_nodes = self.graph.n_nodes();
        self.pinned.retain(|&node| (node as usize) < n_nodes);
        self.made = self.session.iteration() as usize;
        self.complain(Complaint::Failure, message);
        self.rest(LayoutState::Stopped, Some(Reason::Failed));
    }

    fn end(mut self, end: End) {
        self.give_way();
        if end != End::Removed
            && let Ok(Ok([x, y])) = catch_unwind(AssertUnwindSafe(|| self.positions()))
        {
            let left = Left {
                dataset: self.session.dataset.clone(),
                tables: self.session.tables.clone(),
                positions: [x, y],
                options: self.options.clone(),
                pinned: mem::take(&mut self.pinned),
                // Nobody wanted it to rest.
                runs: self.reason == Some(Reason::Idle),
            };
            self.registry.keep(left);
        }
        let reason = match end {
            End::Shutdown => Reason::Shutdown,
            End::Removed => Reason::Removed,
            End::Unused => Reason::Unused,
        };
        self.say(LayoutState::Stopped, Some(reason));
        self.tell(|status, _| status.end = Some(end));
    }

    fn say(&mut self, state: LayoutState, reason: Option<Reason>) {
        if (state, reason) != (self.state, self.reason) {
            (self.state, self.reason) = (state, reason);
            // A frame says so too.
            self.is_dirty = true;
            self.tell(|status, worker| {
                (status.state, status.reason) = (worker.state, worker.reason);
            });
        }
    }

    fn complain(&mut self, about: Complaint, message: &str) {
        self.note(message);
        self.complaint = Some(about);
    }

    /// Takes a message back that is true no more; those who heard it need not hear that.
    fn withdraw(&mut self, about: Complaint) {
        if self.complaint.take_if(|last| *last == about).is_some() {
            self.tell(|status, worker| status.note = (worker.n_notes, "".into()));
        }
    }

    fn note(&mut self, message: &str) {
        self.complaint = None;
        self.n_notes += 1;
        self.tell(|status, worker| status.note = (worker.n_notes, message.into()));
    }

    fn tell_options(&self) {
        self.tell(|status, worker| {
            if *status.options != worker.options {
                status.options = Arc::new(worker.options.clone());
            }
            status.device = worker.device.to_string().into();
        });
    }

    fn tell(&self, change: impl FnOnce(&mut Status, &Self)) {
        self.session.status.send_modify(|status| change(Arc::make_mut(status), self));
    }

    fn count(&self, iteration: u32, movement: f32) {
        self.session.iteration.store(iteration, Ordering::Relaxed);
        self.session.movement.store(movement.to_bits(), Ordering::Relaxed);
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}
