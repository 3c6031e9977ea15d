//! A scripted HTTP/1.1 origin: it answers as it is told, well or badly, and remembers every request byte for byte.
//!
//! For tests, benches and the demo. It speaks HTTP on the bare socket, so that a reply can stall, drip, lie about its length or be no
//! HTTP at all, and so that headers are seen exactly as they came, in case and order.
//!
//! It must never depend on the code under test (nothing of `shared/`), and never listen on anything but the address it is given.

mod reply;
mod seen;
mod wire;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

pub use reply::{Gate, Reply};
pub use seen::Seen;

type Handler = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// A running origin; dropping it cuts all connections.
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What the origin and its connections share.
pub(crate) struct Shared {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    handlers: HashMap<String, Handler>,
    otherwise: Option<Handler>,
    seen: Vec<Seen>,
    /// Per `Host` header: requests under way now, and the most there ever were.
    at_once: HashMap<String, (usize, usize)>,
    connections: u64,
    body_bytes: HashMap<String, u64>,
}

impl Origin {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no socket can be had.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { state: Mutex::default(), arrived: Notify::new() });
        let stopping = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared), stopping.subscribe()));
        Ok(Self { address, shared, stopping, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of `path` (which begins with a slash) on this origin.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same under another host name, for example `slow.localhost`.
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    /// Answers requests for `path` (without query) with these replies in turn; the last one repeats. Replaces what was there.
    pub fn script(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies: Vec<Reply> = replies.into_iter().collect();
        let next = Mutex::new(0);
        self.on(path, move |_| {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            let reply = replies.get(*next).or(replies.last()).cloned().unwrap_or_else(|| Reply::status(404));
            *next += 1;
            reply
        });
    }

    /// Answers every request for `path` (without query) with `reply`.
    pub fn always(&self, path: &str, reply: Reply) {
        self.script(path, [reply]);
    }

    /// Lets `handler` answer requests for `path` (without query). Replaces what was there.
    pub fn on(&self, path: &str, handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        self.shared.state().handlers.insert(path.to_owned(), Arc::new(handler));
    }

    /// Lets `handler` answer all other paths, which are 404 else.
    pub fn otherwise(&self, handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        self.shared.state().otherwise = Some(Arc::new(handler));
    }

    /// The requests for `path` (without query) so far, in the order of their arrival.
    pub fn requests(&self, path: &str) -> Vec<Seen> {
        self.shared.state().seen.iter().filter(|seen| seen.path() == path).cloned().collect()
    }

    /// All requests so far, in the order of their arrival.
    pub fn all_requests(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// Waits until `path` was asked for at least `count` times.
    pub async fn wait_for(&self, path: &str, count: usize) {
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if self.requests(path).len() >= count {
                return;
            }
            arrived.await;
        }
    }

    /// The most requests that were under way at once with this `Host` header (port included, as in [`Seen::host`]).
    pub fn most_at_once(&self, host: &str) -> usize {
        self.shared.state().at_once.get(host).map_or(0, |(_, most)| *most)
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.state().connections
    }

    /// How many bytes of body went into the socket for `path` so far.
    pub fn body_bytes(&self, path: &str) -> u64 {
        self.shared.state().body_bytes.get(path).copied().unwrap_or(0)
    }

    /// Accepts no more connections, ends idle ones, waits for the replies under way.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let told = stopping.clone();
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => break,
            accepted = listener.accept() => {
                // Out of descriptors, most likely: one connection less to serve.
                let Ok((socket, _)) = accepted else { continue };
                let number = shared.connected();
                connections.spawn(wire::serve(socket, number, Arc::clone(&shared), told.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Resolves when the origin is told to stop, or is gone.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stop| *stop).await);
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected(&self) -> u64 {
        let mut state = self.state();
        state.connections += 1;
        state.connections
    }

    /// Records a request and finds its reply.
    pub(crate) fn answer(&self, seen: &Seen) -> Reply {
        let handler = {
            let mut state = self.state();
            let (now, most) = state.at_once.entry(seen.host()).or_default();
            *now += 1;
            *most = (*most).max(*now);
            let handler = state.handlers.get(seen.path()).or(state.otherwise.as_ref()).cloned();
            state.seen.push(seen.clone());
            handler
        };
        self.arrived.notify_waiters();
        // Outside the lock: a handler may ask the origin.
        handler.map_or_else(|| Reply::status(404), |handler| handler(seen))
    }

    pub(crate) fn answered(&self, host: &str) {
        if let Some((now, _)) = self.state().at_once.get_mut(host) {
            *now = now.saturating_sub(1);
        }
    }

    pub(crate) fn sent(&self, path: &str, bytes: usize) {
        *self.state().body_bytes.entry(path.to_owned()).or_default() += bytes as u64;
    }
}
