//! Layouts that move: several viewers, slow ones, those who come back, and those who steer.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::fmt::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use graphlume_server::stream::{Frame, LayoutState, Reader};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::common::{Running, start, start_in};

/// Longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Edges of a ring of `n` nodes with a chord every few: nothing that settles at once.
fn ring(n: usize) -> String {
    let mut text = String::from("source,target\n");
    for u in 0..n {
        writeln!(text, "n{u},n{}", (u + 1) % n).unwrap();
        if u % 7 == 0 {
            writeln!(text, "n{u},n{}", (u * 31 + 5) % n).unwrap();
        }
    }
    text
}

/// A dataset of a ring, and the path of its layout.
fn upload(server: &Running, n: usize) -> (String, String) {
    let id = server.upload("ring.csv", ring(n).as_bytes());
    let layout = format!("/api/v1/datasets/{id}/layout");
    (id, layout)
}

/// Somebody who watches.
struct Watcher {
    socket: WebSocket<TcpStream>,
    reader: Reader,
    session: String,
    hello: Value,
    /// Whether frames are acknowledged.
    answers: bool,
    n_frames: usize,
    n_keys: usize,
    /// The texts since the greeting.
    texts: Vec<Value>,
}

impl Watcher {
    fn new(server: &Running, id: &str) -> Self {
        Self::with(server, id, "", Reader::default())
    }

    fn with(server: &Running, id: &str, query: &str, reader: Reader) -> Self {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let url = format!("ws://{}/api/v1/datasets/{id}/stream{query}", server.address);
        let (socket, _) = tungstenite::client(url.into_client_request().unwrap(), stream).unwrap();
        let mut watcher = Self {
            socket,
            reader,
            session: String::new(),
            hello: Value::Null,
            answers: true,
            n_frames: 0,
            n_keys: 0,
            texts: Vec::new(),
        };
        let Message::Text(hello) = watcher.socket.read().unwrap() else { panic!("no greeting") };
        watcher.hello = serde_json::from_str(&hello).unwrap();
        assert_eq!(
            (&watcher.hello["type"], &watcher.hello["version"]),
            (&json!("hello"), &json!(1))
        );
        watcher.hello["session"].as_str().unwrap().clone_into(&mut watcher.session);
        watcher
    }

    fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    /// Takes in one message: a frame, which is applied, or a text.
    fn next(&mut self) -> Option<Frame> {
        loop {
            match self.socket.read().unwrap() {
                Message::Binary(bytes) => {
                    let frame = Frame::decode(&bytes).unwrap();
                    self.reader.apply(&frame).unwrap();
                    self.n_frames += 1;
                    self.n_keys += usize::from(frame.head.base.is_none());
                    if self.answers {
                        self.say(&json!({"type": "ack", "sequence": frame.head.sequence}));
                    }
                    return Some(frame);
                }
                Message::Text(text) => {
                    self.texts.push(serde_json::from_str(&text).unwrap());
                    return None;
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next frame.
    fn frame(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.next() {
                return frame;
            }
        }
    }

    /// Watches until `done`, and says what was waited for in vain.
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(start.elapsed() < PATIENCE, "waited for {what} in vain: {:?}", self.texts);
            self.next();
        }
    }

    fn until_state(&mut self, state: LayoutState) {
        self.until(&format!("{state:?}"), |watcher| watcher.state() == Some(state));
    }

    fn state(&self) -> Option<LayoutState> {
        self.reader.head().map(|head| head.state)
    }

    /// The last text of a type.
    fn last(&self, kind: &str) -> Option<&Value> {
        self.texts.iter().rev().find(|text| text["type"] == kind)
    }

    /// Reads until the server closes, and says with which code.
    fn closed(mut self) -> CloseCode {
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => return frame.unwrap().code,
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A layout that goes on until it is stopped.
const ENDLESS: &str = r#"{"options":{"tolerance":0}}"#;

fn start_endless(server: &Running, layout: &str) {
    let endless: Value = serde_json::from_str(ENDLESS).unwrap();
    server.json("POST", layout, &endless).expect(200);
}

#[test]
fn two_viewers_see_the_same_until_it_settles_and_that_is_kept() {
    let server = start("");
    let (id, layout) = upload(&server, 300);
    let mut one = Watcher::new(&server, &id);
    let mut other = Watcher::new(&server, &id);
    assert_eq!(one.session, other.session);
    assert_eq!((&one.hello["n_nodes"], &one.hello["may_steer"]), (&json!(300), &json!(true)));
    assert_eq!(one.hello["options"]["gravity"], 1.0);
    one.until_state(LayoutState::Settled);
    other.until_state(LayoutState::Settled);
    let seen = |watcher: &Watcher| {
        let head = *watcher.reader.head().unwrap();
        (head.sequence, head.iteration, head.grid, head.movement)
    };
    assert_eq!(seen(&one), seen(&other));
    assert_eq!(one.reader.places(), other.reader.places());
    one.until("the word", |one| one.last("state").is_some_and(|said| said["state"] == "settled"));
    // What they see is what the server says, up to a place.
    let table = server.get(&format!("{layout}/positions?format=json")).expect(200).json();
    let grid = one.reader.head().unwrap().grid;
    for (u, row) in table.as_array().unwrap().iter().enumerate() {
        let [x, y] = one.reader.position(u).unwrap();
        let near = |seen: f32, said: &Value| {
            (f64::from(seen) - said.as_f64().unwrap()).abs() * f64::from(grid.scale) < 1.0
        };
        assert!(near(x, &row["x"]) && near(y, &row["y"]), "{u}: {row}");
    }
    let start = Instant::now();
    while server.get(&layout).expect(200).json()["has_kept_positions"] != true {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    drop((one, other));
    let server = start_in(server.stop(), "");
    assert_eq!(server.get(&layout).expect(200).json()["session"], Value::Null);
    let again = server.get(&format!("{layout}/positions?format=json")).expect(200).json();
    assert_eq!(again, table);
    // Whoever comes now finds it at rest, where it was.
    let mut later = Watcher::new(&server, &id);
    assert_eq!(later.hello["state"], "paused");
    later.frame();
    let [x, y] = later.reader.position(7).unwrap();
    let scale = f64::from(later.reader.head().unwrap().grid.scale);
    for (seen, said) in [(x, &table[7]["x"]), (y, &table[7]["y"])] {
        assert!((f64::from(seen) - said.as_f64().unwrap()).abs() * scale < 1.0);
    }
}

/// Puts a node somewhere in the middle of a layout that rests: that is one frame, and no new grid.
fn nudge(server: &Running, layout: &str, x: f32) {
    let moved = json!({"move": {"nodes": [3], "x": [x], "y": [0]}});
    server.json("PATCH", layout, &moved).expect(200);
}

#[test]
fn a_slow_reader_gets_fewer_frames_and_holds_up_nobody() {
    let server = start("");
    let (id, layout) = upload(&server, 500);
    start_endless(&server, &layout);
    server.json("PATCH", &layout, &json!({"state": "paused"})).expect(200);
    let mut quick = Watcher::new(&server, &id);
    quick.until_state(LayoutState::Paused);
    let mut slow = Watcher::new(&server, &id);
    slow.answers = false;
    let first = slow.frame();
    nudge(&server, &layout, 0.0);
    let second = slow.frame();
    assert_eq!(second.head.base, Some(first.head.sequence));
    quick.until("the move", |quick| quick.reader.sequence() == second.head.sequence);
    for k in 1..12 {
        nudge(&server, &layout, 0.5 * k as f32);
        let at = quick.reader.sequence();
        assert_eq!(quick.frame().head.base, Some(at));
    }
    // Nothing is in flight to the slow one but what was: the answer to its question comes next.
    slow.texts.clear();
    slow.say(&json!({"type": "what"}));
    slow.until("an answer", |slow| slow.last("error").is_some());
    assert_eq!(slow.n_frames, 2);
    // Then it gets changes from where it was to where the nodes are now, not all that was between.
    slow.say(&json!({"type": "ack", "sequence": second.head.sequence}));
    let third = slow.frame();
    assert_eq!(third.head.base, Some(second.head.sequence));
    assert_eq!(third.head.sequence, quick.reader.sequence());
    assert!(third.head.sequence >= second.head.sequence + 11, "{:?}", third.head);
    assert_eq!(slow.reader.places(), quick.reader.places());
}

#[test]
fn whoever_comes_back_goes_on_where_they_were() {
    let server = start("");
    let (id, layout) = upload(&server, 400);
    start_endless(&server, &layout);
    server.json("PATCH", &layout, &json!({"state": "paused"})).expect(200);
    let mut watcher = Watcher::new(&server, &id);
    watcher.until_state(LayoutState::Paused);
    let (session, reader) = (watcher.session.clone(), watcher.reader.clone());
    let at = reader.sequence();
    drop(watcher);
    for k in 0..3 {
        nudge(&server, &layout, k as f32);
    }
    let resume = |at: u32| format!("?session={session}&resume={at}");
    let mut again = Watcher::with(&server, &id, &resume(at), reader.clone());
    assert_eq!(again.session, session);
    while again.frame().head.sequence == at {}
    assert_eq!(again.n_keys, 0);
    let mut fresh = Watcher::new(&server, &id);
    fresh.frame();
    again.until("the last frame", |again| again.reader.sequence() == fresh.reader.sequence());
    assert_eq!((fresh.n_keys, again.n_keys), (1, 0));
    assert_eq!(again.reader.places(), fresh.reader.places());
    // At rest there is nothing new for whoever has the last frame: what comes next is the answer to a question.
    let last = fresh.reader.sequence();
    let mut known = Watcher::with(&server, &id, &resume(last), fresh.reader.clone());
    known.say(&json!({"type": "what"}));
    known.next();
    assert_eq!((known.n_frames, known.texts.len()), (0, 1));
    // A place moves: that is a change of what they have.
    known.say(&json!({"type": "move", "nodes": [3], "x": [0.0], "y": [1.0]}));
    assert_eq!(known.frame().head.base, Some(last));
    // Another session's frames are no base, nor are frames that never were.
    for query in [format!("?session=other&resume={at}"), resume(4_000_000_000)] {
        let mut stranger = Watcher::with(&server, &id, &query, Reader::default());
        assert_eq!(stranger.frame().head.base, None);
    }
}

#[test]
fn whoever_comes_back_too_late_gets_a_key_frame() {
    let server = start("");
    let (id, layout) = upload(&server, 50);
    start_endless(&server, &layout);
    let mut late = Watcher::new(&server, &id);
    late.frame();
    let (session, at) = (late.session.clone(), late.reader.sequence());
    drop(late);
    let mut quick = Watcher::new(&server, &id);
    quick.until("frames", |quick| quick.reader.sequence() > at + 70);
    let mut late =
        Watcher::with(&server, &id, &format!("?session={session}&resume={at}"), Reader::default());
    assert_eq!(late.frame().head.base, None);
}

#[test]
fn a_key_frame_comes_when_it_is_asked_for() {
    let server = start("");
    let (id, layout) = upload(&server, 50);
    start_endless(&server, &layout);
    let mut watcher = Watcher::new(&server, &id);
    watcher.until("changes", |watcher| watcher.n_frames > watcher.n_keys);
    let n_keys = watcher.n_keys;
    watcher.answers = false;
    watcher.say(&json!({"type": "key"}));
    // Even if what was in flight is never acknowledged, since it could not be applied.
    watcher.until("a key frame", |watcher| watcher.n_keys > n_keys);
}

#[test]
fn all_see_what_one_of_them_steers() {
    let server = start("");
    let (id, layout) = upload(&server, 60);
    start_endless(&server, &layout);
    let mut one = Watcher::new(&server, &id);
    let mut other = Watcher::new(&server, &id);
    one.say(&json!({"type": "pause"}));
    one.until_state(LayoutState::Paused);
    other.until_state(LayoutState::Paused);
    one.say(&json!({"type": "pin", "nodes": [5, 9]}));
    one.say(&json!({"type": "move", "nodes": [5], "x": [100.0], "y": [-50.0]}));
    for watcher in [&mut one, &mut other] {
        watcher.until("pins", |watcher| watcher.last("pinned").is_some());
        assert_eq!(watcher.last("pinned").unwrap()["nodes"], json!([5, 9]));
        watcher
            .until("the move", |watcher| watcher.reader.position(5).is_some_and(|[x, _]| x > 99.0));
        let [x, y] = watcher.reader.position(5).unwrap();
        assert!((x - 100.0).abs() < 0.1 && (y + 50.0).abs() < 0.1, "{x} {y}");
    }
    other.say(&json!({"type": "options", "options": {"gravity": 7.5, "lin_log": true}}));
    for watcher in [&mut one, &mut other] {
        watcher.until("options", |watcher| watcher.last("options").is_some());
        let options = &watcher.last("options").unwrap()["options"];
        assert_eq!((&options["gravity"], &options["lin_log"]), (&json!(7.5), &json!(true)));
        assert_eq!(options["tolerance"], 0.0);
    }
    // A pinned node stays while others move.
    let before = one.reader.positions();
    one.say(&json!({"type": "step", "n": 20}));
    let at = one.reader.head().unwrap().iteration;
    one.until("steps", |one| one.reader.head().unwrap().iteration == at + 20);
    one.until_state(LayoutState::Paused);
    let far = |u: usize| {
        let [x, y] = one.reader.position(u).unwrap();
        (x - before[0][u]).hypot(y - before[1][u])
    };
    assert!(far(5) < 0.1, "{}", far(5));
    assert!((0..60).map(far).fold(0.0, f32::max) > 1.0);
    // It does as it is told only of nodes that are there.
    one.say(&json!({"type": "unpin", "nodes": [60]}));
    one.until("an error", |one| one.last("error").is_some());
    assert!(one.last("error").unwrap()["message"].as_str().unwrap().contains("node 60"));
    one.say(&json!({"type": "unpin", "nodes": [5]}));
    other.until("the pins", |other| other.last("pinned").unwrap()["nodes"] == json!([9]));
    assert!(other.last("error").is_none(), "that was for the one who asked");
    // Anew, from the same seed: from the same places.
    one.say(&json!({"type": "restart", "seed": 3}));
    other.until("the restart", |other| {
        other.last("options").unwrap()["options"]["seed"] == 3
            && other.state() == Some(LayoutState::Running)
    });
}

#[test]
fn a_layout_that_nobody_steers_rests_until_somebody_does() {
    let server = start("play_timeout_ms = 300");
    let (id, layout) = upload(&server, 60);
    start_endless(&server, &layout);
    let mut watcher = Watcher::new(&server, &id);
    watcher.until_state(LayoutState::Paused);
    watcher.until("the reason", |watcher| {
        watcher.last("state").is_some_and(|state| state["reason"] == "idle")
    });
    assert_eq!(server.get(&layout).json()["reason"], "idle");
    let at = watcher.reader.head().unwrap().iteration;
    watcher.say(&json!({"type": "play"}));
    watcher.until("steps", |watcher| watcher.reader.head().unwrap().iteration > at);
    watcher.until_state(LayoutState::Paused);
}

#[test]
fn the_third_layout_of_two_places_waits_for_its_turn() {
    let server = start("layouts_per_device = 2");
    let made: Vec<_> = (0..3).map(|_| upload(&server, 60)).collect();
    for (_, layout) in &made {
        start_endless(&server, layout);
    }
    let state = |i: usize| {
        let layout = server.get(&made[i].1).expect(200).json();
        (layout["state"].as_str().unwrap().to_owned(), layout["reason"].as_str().map(str::to_owned))
    };
    let running = ("running".to_owned(), None);
    let waiting = ("paused".to_owned(), Some("waiting".to_owned()));
    assert_eq!([state(0), state(1), state(2)], [running.clone(), running.clone(), waiting.clone()]);
    let mut watcher = Watcher::new(&server, &made[2].0);
    assert_eq!(
        (&watcher.hello["state"], &watcher.hello["reason"]),
        (&json!("paused"), &json!("waiting"))
    );
    server.json("PATCH", &made[0].1, &json!({"state": "paused"})).expect(200);
    watcher.until_state(LayoutState::Running);
    server.json("PATCH", &made[0].1, &json!({"state": "running"})).expect(200);
    assert_eq!([state(0), state(1), state(2)], [waiting, running.clone(), running]);
}

#[test]
fn what_cannot_be_understood_is_answered_and_does_no_harm() {
    let server = start("");
    let (id, _) = upload(&server, 40);
    let mut watcher = Watcher::new(&server, &id);
    for (message, word) in [
        ("{", "ends too early"),
        (r#"{"type":"dance"}"#, "dance"),
        (r#"{"type":"step","n":0}"#, "steps"),
        (r#"{"type":"options","options":{"gravitas":1}}"#, "gravitas"),
        (r#"{"type":"options","options":{"gravity":-1}}"#, "gravity"),
        (r#"{"type":"move","nodes":[1],"x":[],"y":[1]}"#, "moved"),
        (r#"{"type":"move","nodes":[1],"x":[1e30],"y":[1]}"#, "put"),
        (r#"{"type":"pin","nodes":[40]}"#, "node 40"),
    ] {
        watcher.texts.clear();
        watcher.socket.send(Message::text(message)).unwrap();
        watcher.until(message, |watcher| watcher.last("error").is_some());
        let error = watcher.last("error").unwrap()["message"].as_str().unwrap().to_owned();
        assert!(error.contains(word), "{message}: {error}");
    }
    watcher.texts.clear();
    watcher.socket.send(Message::binary(vec![1, 2, 3])).unwrap();
    watcher.until("an error", |watcher| watcher.last("error").is_some());
    // Of frames that were never sent, all is known already.
    watcher.say(&json!({"type": "ack", "sequence": 4_000_000_000_u32}));
    watcher.until_state(LayoutState::Settled);
}

#[test]
fn who_says_too_much_is_sent_away() {
    let server = start("");
    let (id, layout) = upload(&server, 40);
    let mut long = Watcher::new(&server, &id);
    long.socket.send(Message::text(" ".repeat(300 << 10))).unwrap();
    assert_eq!(long.closed(), CloseCode::Size);
    let mut often = Watcher::new(&server, &id);
    for _ in 0..10_000 {
        if often.socket.write(Message::text(r#"{"type":"ack","sequence":0}"#)).is_err() {
            break;
        }
    }
    let _ = often.socket.flush();
    assert_eq!(often.closed(), CloseCode::Policy);
    // Far too long: it is not even read.
    let mut endless = Watcher::new(&server, &id);
    let _ = endless.socket.send(Message::text(" ".repeat(8 << 20)));
    let start = Instant::now();
    while server.get(&layout).expect(200).json()["n_viewers"] != 0 {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn guests_watch_but_do_not_steer() {
    let server = start("");
    let answer =
        server.post("/api/v1/datasets?name=r.csv&mode=public", ring(50).as_bytes()).expect(201);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let (secret, _) = upload(&server, 50);
    let server = start_in(server.stop(), "auth = true");
    let layout = format!("/api/v1/datasets/{id}/layout");
    let mut guest = Watcher::new(&server, &id);
    assert_eq!(guest.hello["may_steer"], false);
    guest.frame();
    for message in [json!({"type": "pause"}), json!({"type": "pin", "nodes": [1]})] {
        guest.texts.clear();
        guest.say(&message);
        guest.until("an error", |guest| guest.last("error").is_some());
        assert!(guest.last("error").unwrap()["message"].as_str().unwrap().contains("steer"));
        assert!(guest.last("pinned").is_none());
    }
    guest.until_state(LayoutState::Settled);
    server.get(&layout).expect(200);
    server.get(&format!("{layout}/positions")).expect(200);
    for (method, path) in [
        ("POST", layout.clone()),
        ("DELETE", layout.clone()),
        ("PUT", format!("{layout}/positions")),
    ] {
        server.send(method, &path, &[], &[]).expect(403);
    }
    server.json("PATCH", &layout, &json!({"state": "paused"})).expect(403);
    // What is not public is not to be seen at all.
    let stream = TcpStream::connect(server.address).unwrap();
    let url = format!("ws://{}/api/v1/datasets/{secret}/stream", server.address);
    let refused = tungstenite::client(url.into_client_request().unwrap(), stream);
    let tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer)) =
        refused.unwrap_err()
    else {
        panic!("no answer")
    };
    assert_eq!(answer.status(), 401);
}

#[test]
fn a_layout_is_started_steered_kept_and_stopped_by_requests() {
    let server = start("");
    let (id, layout) = upload(&server, 80);
    let positions = format!("{layout}/positions");
    let none = server.get(&layout).expect(200).json();
    assert_eq!((&none["session"], &none["state"]), (&Value::Null, &json!("stopped")));
    server.get(&positions).expect(409);
    server.json("PATCH", &layout, &json!({"state": "paused"})).expect(409);
    server.send("PUT", &positions, &[], &[]).expect(409);
    server.send("DELETE", &layout, &[], &[]).expect(204);
    server.get("/api/v1/datasets/nowhere/layout").expect(404);
    server.get(&format!("/api/v1/datasets/{id}/stream")).expect(400);
    for (body, word) in [
        (json!({"options": {"gravitas": 1}}), "gravitas"),
        (json!({"device": "abacus"}), "abacus"),
        (json!({"seeds": 1}), "seeds"),
    ] {
        let text = server.json("POST", &layout, &body).expect(400).text();
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(server.get(&layout).json()["session"], Value::Null, "what is wrong begins nothing");

    let body = json!({"options": {"tolerance": 0, "gravity": 2}, "seed": 5, "device": "cpu"});
    let begun = server.json("POST", &layout, &body).expect(200).json();
    assert_eq!((&begun["options"]["gravity"], &begun["options"]["seed"]), (&json!(2.0), &json!(5)));
    assert_eq!((&begun["device"], &begun["n_viewers"]), (&json!("cpu"), &json!(0)));
    let paused = server.json(
        "PATCH",
        &layout,
        &json!({"state": "paused", "pin": [2], "options": {"scaling": 3}}),
    );
    let paused = paused.expect(200).json();
    assert_eq!((&paused["state"], &paused["reason"]), (&json!("paused"), &Value::Null));
    assert_eq!((&paused["pinned"], &paused["options"]["scaling"]), (&json!([2]), &json!(3.0)));
    for (body, word) in [
        (json!({}), "nothing"),
        (json!({"state": "paused", "steps": 3}), "both"),
        (json!({"state": "dancing"}), "dancing"),
        (json!({"pin": [80]}), "node 80"),
        (json!({"move": {"nodes": [1], "x": [1], "y": []}}), "moved"),
    ] {
        let text = server.json("PATCH", &layout, &body).expect(400).text();
        assert!(text.contains(word), "{text}");
    }
    // Nothing is done of what is wrong in part.
    server.json("PATCH", &layout, &json!({"unpin": [2], "steps": 0})).expect(400);
    assert_eq!(server.get(&layout).json()["pinned"], json!([2]));
    let at = server.get(&layout).json()["iteration"].as_u64().unwrap();
    server.json("PATCH", &layout, &json!({"steps": 7})).expect(200);
    let wait = Instant::now();
    while server.get(&layout).json()["state"] != "paused" {
        assert!(wait.elapsed() < PATIENCE);
    }
    assert_eq!(server.get(&layout).json()["iteration"], at + 7);
    let moved = json!({"move": {"nodes": [2, 3], "x": [10, -10], "y": [20, -20]}});
    server.json("PATCH", &layout, &moved).expect(200);
    let table = server.get(&format!("{positions}?format=json")).expect(200).json();
    assert_eq!(table.as_array().unwrap().len(), 80);
    assert_eq!(
        (&table[2]["x"], &table[2]["y"], &table[3]["x"]),
        (&json!(10.0), &json!(20.0), &json!(-10.0))
    );
    for (format, magic) in [("arrow", &b"ARROW1"[..]), ("parquet", b"PAR1"), ("csv", b"")] {
        let answer = server.get(&format!("{positions}?format={format}")).expect(200);
        assert!(answer.body.starts_with(magic), "{format}");
    }
    server.get(&format!("{positions}?format=png")).expect(400);

    server.send("PUT", &positions, &[], &[]).expect(204);
    assert_eq!(server.get(&layout).json()["has_kept_positions"], true);
    server.send("DELETE", &layout, &[], &[]).expect(204);
    let stopped = server.get(&layout).json();
    assert_eq!((&stopped["state"], &stopped["pinned"]), (&json!("stopped"), &json!([2])));
    assert_eq!(server.get(&format!("{positions}?format=json")).expect(200).json(), table);
    server.send("POST", &layout, &[], b"{}").expect(400);
    // From there it goes on.
    let again = server.send("POST", &layout, &[], &[]).expect(200).json();
    assert_eq!((&again["session"], &again["pinned"]), (&begun["session"], &json!([2])));
    server.json("PATCH", &layout, &json!({"state": "paused"})).expect(200);
    let later = server.get(&format!("{positions}?format=json")).expect(200).json();
    assert_eq!(
        (&later[2]["x"], &later[2]["y"]),
        (&json!(10.0), &json!(20.0)),
        "a pinned node stays"
    );
    let files = || {
        let objects = std::fs::read_dir(server.folder.path().join("objects")).unwrap();
        objects
            .map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap().count())
            .sum::<usize>()
    };
    assert_eq!(files(), 3);
    server.send("PUT", &positions, &[], &[]).expect(204);
    assert_eq!(files(), 3, "old positions are not kept");
    // Deleted is deleted, while it is watched too.
    let mut watcher = Watcher::new(&server, &id);
    watcher.frame();
    server.send("DELETE", &format!("/api/v1/datasets/{id}"), &[], &[]).expect(204);
    assert_eq!(watcher.closed(), CloseCode::Normal);
    server.get(&layout).expect(404);
    assert_eq!(files(), 0);
}

#[test]
fn parts_that_nothing_holds_together_lie_side_by_side() {
    let server = start("");
    let edges = "s,t\na,b\nb,c\nc,a\nd,e\ne,f\nf,d\ng,h\n";
    let id = server.upload("parts.csv", edges.as_bytes());
    let mut watcher = Watcher::new(&server, &id);
    watcher.until_state(LayoutState::Settled);
    let [x, y] = watcher.reader.positions();
    let inside = |part: &[usize], u: usize| {
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for &v in part {
            for (k, at) in [x[v], y[v]].into_iter().enumerate() {
                (low[k], high[k]) = (low[k].min(at), high[k].max(at));
            }
        }
        (low[0]..=high[0]).contains(&x[u]) && (low[1]..=high[1]).contains(&y[u])
    };
    for u in 3..8 {
        assert!(!inside(&[0, 1, 2], u), "{u} lies in the first part");
    }
    // It goes on from there when asked to.
    watcher.say(&json!({"type": "play"}));
    watcher.until("more", |watcher| {
        watcher.texts.iter().filter(|t| t["state"] == "settled").count() > 1
    });
}

#[test]
fn the_end_of_the_server_is_told_to_viewers() {
    let server = start("");
    let (id, layout) = upload(&server, 50);
    start_endless(&server, &layout);
    let mut watcher = Watcher::new(&server, &id);
    watcher.frame();
    let ending = std::thread::spawn(move || server.stop());
    assert_eq!(watcher.closed(), CloseCode::Away);
    ending.join().unwrap();
}

#[test]
fn a_graph_without_edges_or_nodes_to_move_is_settled() {
    let server = start("");
    let id = server.upload("one.csv", b"s,t\na,a\n");
    let mut watcher = Watcher::new(&server, &id);
    watcher.until_state(LayoutState::Settled);
    assert_eq!(watcher.reader.places().len(), 1);
}
