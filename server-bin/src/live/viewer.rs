//! Somebody who watches a layout: frames as fast as they can take them, and what they say.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message as Packet, WebSocket, close_code};
use axum::http::request::Parts;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::{MissedTickBehavior, interval_at, timeout};

use super::inbox::End;
use super::messages::Message;
use super::request::Request;
use super::session::{Hold, Status};
use super::wire::{LayoutState, VERSION};
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Frames that a viewer may have received without saying so.
const IN_FLIGHT: usize = 2;

/// Longest message of a viewer, in bytes: positions of some ten thousand nodes.
pub(crate) const LONGEST: usize = 256 << 10;

/// Messages a second that are heard, a longer one counting once more for each KiB; and how many at once.
const RATE: f64 = 1000.0;
const BURST: f64 = 2000.0;

/// How often the server asks whether a viewer is there, and whether they still may be.
const PING: Duration = Duration::from_secs(20);

/// After this long without a sign a viewer is gone.
const SILENCE: Duration = Duration::from_mins(1);

/// How much of a client's own text is repeated to it.
const REPEATED: usize = 500;

/// A viewer of a layout.
#[derive(Debug)]
pub(crate) struct Viewer {
    server: Server,
    /// What they came with, by which they are known again.
    parts: Parts,
    session: Hold,
    may_steer: AtomicBool,
    flow: Mutex<Flow>,
    /// Rings when the flow has changed.
    bell: Notify,
}

/// Which frames the viewer has, as far as the server knows.
#[derive(Debug)]
struct Flow {
    /// The last that was sent, or that they came with: the next one changes it.
    last: Option<u32>,
    in_flight: VecDeque<u32>,
}

/// Why a viewer is sent away: a code of RFC 6455, and words.
type Reason = (u16, &'static str);

impl Viewer {
    /// A viewer who has the frame `last` of that session already, if any.
    pub(crate) fn new(
        server: Server,
        parts: Parts,
        session: Hold,
        may_steer: bool,
        last: Option<u32>,
    ) -> Self {
        let flow = Mutex::new(Flow { last, in_flight: VecDeque::new() });
        let may_steer = AtomicBool::new(may_steer);
        Self { server, parts, session, may_steer, flow, bell: Notify::new() }
    }

    /// Watches until either side has enough.
    pub(crate) async fn watch(self, socket: WebSocket) {
        self.session.viewers.fetch_add(1, Ordering::Relaxed);
        self.server.metrics.viewers.inc();
        let (mut sink, mut stream) = socket.split();
        // What goes wrong for this viewer alone; more than they read is dropped.
        let (reply, replies) = mpsc::channel(16);
        let reason = tokio::select! {
            reason = self.hear(&mut stream, reply) => reason,
            reason = self.tell(&mut sink, replies) => reason,
        };
        if let Some((code, reason)) = reason {
            let close = CloseFrame { code, reason: reason.into() };
            // Whoever is still speaking hears that only if somebody listens to the end.
            let leave = async {
                sink.send(Packet::Close(Some(close))).await.ok()?;
                while let Some(Ok(_)) = stream.next().await {}
                Some(())
            };
            let _ = timeout(Duration::from_secs(2), leave).await;
        }
        self.server.metrics.viewers.dec();
        self.session.viewers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Hears what the viewer says.
    async fn hear(
        &self,
        stream: &mut SplitStream<WebSocket>,
        reply: mpsc::Sender<String>,
    ) -> Option<Reason> {
        let (mut budget, mut last) = (BURST, Instant::now());
        loop {
            let packet = match timeout(SILENCE, stream.next()).await {
                Err(_) => return Some((close_code::AWAY, "nothing was heard for a minute")),
                Ok(None) => return None,
                Ok(Some(Err(_))) => {
                    return Some((close_code::PROTOCOL, "the message cannot be read"));
                }
                Ok(Some(Ok(packet))) => packet,
            };
            let text = match &packet {
                Packet::Text(text) => text.as_str(),
                Packet::Binary(bytes) if bytes.len() <= LONGEST => "",
                Packet::Binary(_) => return Some(TOO_LONG),
                Packet::Close(_) => return None,
                Packet::Ping(_) | Packet::Pong(_) => continue,
            };
            if text.len() > LONGEST {
                return Some(TOO_LONG);
            }
            let now = Instant::now();
            budget = (budget + RATE * now.duration_since(last).as_secs_f64()).min(BURST);
            budget -= 1.0 + (text.len() >> 10) as f64;
            last = now;
            if budget < 0.0 {
                return Some((close_code::POLICY, "too many messages"));
            }
            if let Err(error) = self.obey(text) {
                let error: String = error.chars().take(REPEATED).collect();
                let _ = reply.try_send(Message::Error { message: &error }.text());
            }
        }
    }

    fn obey(&self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Err("messages to the server are JSON in text".to_owned());
        }
        let request: Request = serde_json::from_str(text)
            .map_err(|error| graphlume::graph::words::of_serde(&error.to_string()))?;
        match request {
            Request::Ack { sequence } => {
                let mut flow = self.flow();
                while flow.in_flight.front().is_some_and(|&sent| sent <= sequence) {
                    flow.in_flight.pop_front();
                }
            }
            Request::Key => *self.flow() = Flow { last: None, in_flight: VecDeque::new() },
            request => {
                if !self.may_steer.load(Ordering::Relaxed) {
                    return Err(
                        "this dataset is not yours to change: you can watch, but not steer"
                            .to_owned(),
                    );
                }
                let command = request.command();
                return self
                    .session
                    .send(command.into_iter().collect())
                    .map_err(|error| error.to_string());
            }
        }
        self.bell.notify_one();
        Ok(())
    }

    /// Tells the viewer what happens.
    async fn tell(
        &self,
        sink: &mut SplitSink<WebSocket, Packet>,
        mut replies: mpsc::Receiver<String>,
    ) -> Option<Reason> {
        let mut statuses = self.session.status.subscribe();
        let mut snapshots = self.session.latest.subscribe();
        let mut told = Arc::clone(&statuses.borrow_and_update());
        send(sink, Packet::Text(self.greeting(&told).into())).await?;
        let mut ping = interval_at(tokio::time::Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let status = Arc::clone(&statuses.borrow_and_update());
            for text in self.news(&told, &status) {
                send(sink, Packet::Text(text.into())).await?;
            }
            if let Some(end) = status.end {
                return Some(match end {
                    End::Removed => (close_code::NORMAL, "the dataset was deleted or changed"),
                    End::Shutdown => (close_code::AWAY, "the server stops"),
                    End::Unused => (close_code::AGAIN, "the layout was put away"),
                });
            }
            told = status;
            let snapshot = snapshots.borrow_and_update().clone();
            let (is_ready, last) = {
                let flow = self.flow();
                (flow.in_flight.len() < IN_FLIGHT, flow.last)
            };
            if is_ready {
                match snapshot.filter(|snapshot| last != Some(snapshot.sequence())) {
                    None => self.session.want(),
                    Some(snapshot) => {
                        let frame = match self.session.frame(&snapshot, last).await {
                            Ok(frame) => frame,
                            Err(error) => {
                                tracing::error!("a frame could not be made: {error}");
                                return Some((close_code::ERROR, "a frame could not be made"));
                            }
                        };
                        // Before it is sent: the answer may be faster than we are.
                        if !self.flow().send(last, snapshot.sequence()) {
                            // Meanwhile the viewer asked for a key frame.
                            continue;
                        }
                        send(sink, Packet::Binary(frame)).await?;
                        self.server.metrics.frames.inc();
                        continue;
                    }
                }
            }
            tokio::select! {
                _ = statuses.changed() => {}
                _ = snapshots.changed(), if is_ready => {}
                () = self.bell.notified() => {}
                Some(text) = replies.recv() => send(sink, Packet::Text(text.into())).await?,
                _ = ping.tick() => {
                    if let Some(reason) = self.check().await {
                        return Some(reason);
                    }
                    send(sink, Packet::Ping(bytes::Bytes::new())).await?;
                }
            }
        }
    }

    /// Whether the viewer may still be here: sign-ins end, and links are taken back.
    async fn check(&self) -> Option<Reason> {
        match self.access().await {
            Ok(may_steer) => {
                self.may_steer.store(may_steer, Ordering::Relaxed);
                None
            }
            // That nobody can be asked at the moment says nothing.
            Err(ApiError::Unavailable(_) | ApiError::Internal(_)) => None,
            Err(_) => Some((close_code::POLICY, "this dataset is not to be seen any more")),
        }
    }

    /// Whether the viewer may steer, if they may watch.
    async fn access(&self) -> ApiResult<bool> {
        let who = Who::from_request_parts(&mut self.parts.clone(), &self.server).await?;
        let dataset = self.server.dataset(&who, &self.session.dataset, Access::Read).await?;
        Ok(who.may(Access::Write, &dataset))
    }

    fn greeting(&self, status: &Status) -> String {
        let hello = Message::Hello {
            version: VERSION,
            session: &self.session.id,
            n_nodes: self.session.n_nodes,
            state: status.state,
            reason: status.reason,
            iteration: self.session.iteration(),
            options: &status.options,
            pinned: &status.pinned,
            device: &status.device,
            may_steer: self.may_steer.load(Ordering::Relaxed),
        };
        hello.text()
    }

    /// What has changed for somebody who knew `old`.
    fn news(&self, old: &Status, new: &Status) -> Vec<String> {
        let mut news = Vec::new();
        if old.note.0 != new.note.0 {
            news.push(Message::Error { message: &new.note.1 }.text());
        }
        if (old.state, old.reason) != (new.state, new.reason) {
            let (state, reason): (LayoutState, _) = (new.state, new.reason);
            let iteration = self.session.iteration();
            news.push(Message::State { state, reason, iteration }.text());
        }
        if !Arc::ptr_eq(&old.options, &new.options) {
            news.push(Message::Options { options: &new.options }.text());
        }
        if !Arc::ptr_eq(&old.pinned, &new.pinned) {
            news.push(Message::Pinned { nodes: &new.pinned }.text());
        }
        news
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const TOO_LONG: Reason = (close_code::SIZE, "the message is too long");

impl Flow {
    /// Notes that a frame is sent which changes `base`, if that is still what the viewer has.
    fn send(&mut self, base: Option<u32>, sequence: u32) -> bool {
        if self.last != base {
            return false;
        }
        self.last = Some(sequence);
        self.in_flight.push_back(sequence);
        true
    }
}

/// Sends, or gives up a viewer who takes nothing.
async fn send(sink: &mut SplitSink<WebSocket, Packet>, packet: Packet) -> Option<()> {
    timeout(SILENCE, sink.send(packet)).await.ok()?.ok()
}
