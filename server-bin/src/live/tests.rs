//! Sessions without a network: how they begin, fail, rest and end.

use std::time::Instant;

use graphlume::Graph;
use graphlume::graph::Coo;
use serde_json::json;

use super::wire::LayoutState;
use super::*;
use crate::store::{Mode, Spec};

const PATIENCE: Duration = Duration::from_mins(1);

fn layouts(layouts_per_device: usize, linger: Duration) -> Layouts {
    Layouts(Arc::new(Registry {
        slots: Slots::new(layouts_per_device),
        held: Mutex::default(),
        tickets: AtomicU64::new(0),
        device: Device::Cpu,
        is_auto: false,
        most: 2,
        play_timeout: PATIENCE,
        linger,
    }))
}

fn dataset(id: &str) -> Dataset {
    Dataset {
        id: id.to_owned(),
        owner: "local".to_owned(),
        organization: None,
        mode: Mode::Private,
        name: id.to_owned(),
        description: String::new(),
        spec: Spec::default(),
        edges: vec![format!("edges of {id}")],
        nodes: Vec::new(),
        positions: None,
        size: None,
        created_at: 0,
        updated_at: 0,
    }
}

/// A ring of 50 nodes.
fn loaded() -> Loaded {
    let next = (0..50).map(|u| (u + 1) % 50).collect();
    let coo = Coo::new(50, (0..50).collect(), next, None).unwrap();
    let graph = Arc::new(Graph::from_coo(coo, false));
    Loaded { graph, positions: None, warnings: Vec::new() }
}

/// What makes a layout go on until it is stopped.
fn endless() -> Command {
    Command::Options(json!({"tolerance": 0}).as_object().unwrap().clone())
}

fn begin(layouts: &Layouts, id: &str) -> Hold {
    let first = Some(vec![endless(), Command::Play]);
    layouts.open(&dataset(id), &loaded(), first).unwrap().0
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited for {what} in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for(session: &Session, state: LayoutState, reason: Option<Reason>) {
    wait(&format!("{state:?} {reason:?}"), || {
        let status = session.status();
        (status.state, status.reason) == (state, reason)
    });
}

#[tokio::test]
async fn a_thread_that_fails_tells_so_and_begins_anew_where_it_was() {
    let layouts = layouts(1, PATIENCE);
    let session = begin(&layouts, "a");
    session.viewers.fetch_add(1, Ordering::Relaxed);
    wait("frames", || {
        session.want();
        session.latest.borrow().as_ref().is_some_and(|snapshot| snapshot.sequence() > 2)
    });
    // No request gets that far: the node is not there, and the layout panics.
    session.inbox.push(vec![Command::Pin(vec![u32::MAX])]).unwrap();
    wait_for(&session, LayoutState::Stopped, Some(Reason::Failed));
    let status = session.status();
    assert_eq!(status.note.0, 1);
    assert!(status.note.1.contains("fault of ours"), "{}", status.note.1);
    let seen = session.latest.borrow().as_ref().unwrap().positions();
    assert_eq!(session.positions().await.unwrap(), seen);
    // Its place is free for others.
    let other = begin(&layouts, "b");
    wait_for(&other, LayoutState::Running, None);
    other.send(vec![Command::Pause]).unwrap();
    // It has its options still, and goes on.
    let at = session.iteration();
    assert!(at > 0);
    session.send(vec![Command::Step(1)]).unwrap();
    wait_for(&session, LayoutState::Paused, None);
    assert_eq!((session.iteration(), session.status().options.tolerance), (at + 1, 0.0));
    let [x, y] = session.positions().await.unwrap();
    let radius = seen.iter().flatten().fold(0.0_f32, |most, v| most.max(v.abs()));
    for u in 0..50 {
        let way = (x[u] - seen[0][u]).hypot(y[u] - seen[1][u]);
        assert!(way < 0.5 * radius, "{u}: {way} of {radius}");
    }
}

#[tokio::test]
async fn wild_options_do_no_lasting_harm() {
    let layouts = layouts(1, PATIENCE);
    let session = begin(&layouts, "a");
    let wild =
        json!({"scaling": 1e9, "gravity": 1e9, "strong_gravity": true, "jitter_tolerance": 1e9});
    session.send(vec![Command::Options(wild.as_object().unwrap().clone())]).unwrap();
    session.sync().await.unwrap();
    let at = session.iteration();
    wait("steps", || session.iteration() > at + 3);
    let tame = json!({"scaling": 2, "gravity": 1, "strong_gravity": false, "jitter_tolerance": 1});
    let tame = Command::Options(tame.as_object().unwrap().clone());
    session.send(vec![tame, Command::Pause]).unwrap();
    session.sync().await.unwrap();
    let before = session.positions().await.unwrap();
    session.send(vec![Command::Step(5)]).unwrap();
    session.sync().await.unwrap();
    wait_for(&session, LayoutState::Paused, None);
    let after = session.positions().await.unwrap();
    assert!(after.iter().flatten().all(|v| v.is_finite()));
    assert_ne!(before, after);
}

#[tokio::test]
async fn what_nobody_watches_is_put_away_and_goes_on_from_there() {
    let layouts = layouts(1, Duration::from_millis(50));
    let session = begin(&layouts, "a");
    session.send(vec![Command::Pin(vec![3]), Command::Pause]).unwrap();
    session.sync().await.unwrap();
    let positions = session.positions().await.unwrap();
    let inner = Arc::clone(&session);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!((layouts.n_held(), inner.status().end), (1, None), "somebody holds it");
    drop(session);
    wait("its end", || inner.status().end == Some(End::Unused));
    assert_eq!(layouts.n_held(), 0);
    assert_eq!(layouts.left(&dataset("a")), Some(positions.clone()));
    let (again, is_new) = layouts.open(&dataset("a"), &loaded(), None).unwrap();
    assert!(is_new && again.id != inner.id);
    assert_eq!(again.positions().await.unwrap(), positions);
    let status = again.status();
    assert_eq!((status.state, &status.pinned[..]), (LayoutState::Paused, &[3][..]));
    assert_eq!(status.options.tolerance, 0.0);
}

#[tokio::test]
async fn those_that_nobody_needs_make_room_and_the_others_do_not() {
    let layouts = layouts(2, PATIENCE);
    let open = |id: &str| layouts.open(&dataset(id), &loaded(), None);
    let (a, b) = (begin(&layouts, "a"), begin(&layouts, "b"));
    wait_for(&a, LayoutState::Running, None);
    assert!(matches!(open("c"), Err(ApiError::Busy { .. })));
    drop(a);
    assert!(matches!(open("c"), Err(ApiError::Busy { .. })), "it moves");
    b.send(vec![Command::Pause]).unwrap();
    b.sync().await.unwrap();
    assert!(matches!(open("c"), Err(ApiError::Busy { .. })), "somebody has it");
    drop(b);
    let (c, is_new) = open("c").unwrap();
    assert!(is_new);
    assert!(layouts.get(&dataset("a")).is_some() && layouts.get(&dataset("b")).is_none());
    drop(c);
}

#[tokio::test]
async fn a_dataset_that_was_changed_has_another_layout() {
    let layouts = layouts(1, PATIENCE);
    let old = begin(&layouts, "a");
    let changed = Dataset { edges: vec!["others".to_owned()], ..dataset("a") };
    assert!(layouts.get(&changed).is_none());
    let (new, is_new) = layouts.open(&changed, &loaded(), None).unwrap();
    assert!(is_new);
    wait("its end", || old.status().end == Some(End::Removed));
    assert_eq!(old.status().reason, Some(Reason::Removed));
    assert!(layouts.left(&dataset("a")).is_none());
    layouts.stop_all();
    wait("its end", || new.status().end == Some(End::Shutdown));
    assert!(matches!(layouts.open(&dataset("b"), &loaded(), None), Err(ApiError::Unavailable(_))));
}

#[tokio::test]
async fn what_rests_follows_a_hand_and_what_is_paused_does_not() {
    let layouts = layouts(1, PATIENCE);
    let session = layouts.open(&dataset("a"), &loaded(), Some(vec![Command::Play])).unwrap().0;
    wait_for(&session, LayoutState::Settled, None);
    let iteration = || session.iteration.load(Ordering::Relaxed);
    let away = || Command::Move { nodes: vec![0], x: vec![1e4], y: vec![0.0] };
    for commands in [vec![Command::Pin(vec![0]), away()], vec![Command::Unpin(vec![0])]] {
        let before = iteration();
        session.send(commands).unwrap();
        wait("steps", || before < iteration());
        wait_for(&session, LayoutState::Settled, None);
    }
    session.send(vec![endless(), Command::Pause]).unwrap();
    wait_for(&session, LayoutState::Paused, None);
    let before = iteration();
    session.send(vec![away()]).unwrap();
    session.sync().await.unwrap();
    assert_eq!((session.status().state, iteration()), (LayoutState::Paused, before));
}

#[tokio::test]
async fn too_many_commands_are_refused_together() {
    let layouts = layouts(1, PATIENCE);
    let session = begin(&layouts, "a");
    let many = (0..300).map(|_| Command::Pause).collect();
    assert!(matches!(session.send(many), Err(ApiError::Busy { .. })));
    session.sync().await.unwrap();
    assert_ne!(session.status().state, LayoutState::Settled);
}
