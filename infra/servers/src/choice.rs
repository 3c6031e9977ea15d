//! The server of this run, for tests.

use std::sync::atomic::{AtomicUsize, Ordering};

use emulator::{Clock, Emulator, Endpoints, Where};

use crate::{Kind, NOT_TRIED, SETTING};

/// What a test connects to: servers of its own in its process, or one that runs already and that all tests share.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    endpoints: Endpoints,
    emulator: Option<Emulator>,
    own: String,
}

impl Server {
    /// The server that [`SETTING`] names, or the embedded ones, in memory, which take their time from `clock`.
    ///
    /// # Panics
    /// When the setting makes no sense, or the embedded servers do not start: a test cannot go on.
    #[expect(clippy::panic, reason = "it is a helper of tests, which fail by panicking")]
    pub async fn of_this_run(clock: Clock) -> Self {
        static WORLDS: AtomicUsize = AtomicUsize::new(0);
        // All tests of a run share one server, and so need names of their own.
        let own = format!("{}-{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed));
        let Some((kind, endpoint)) = setting() else {
            let emulator = Emulator::start(Where::Memory, clock).await;
            let emulator = emulator.unwrap_or_else(|error| panic!("the embedded servers do not start: {error}"));
            let endpoints = emulator.endpoints().clone();
            return Self { kind: Kind::Embedded, endpoints, emulator: Some(emulator), own };
        };
        Self { kind, endpoints: everywhere(&endpoint), emulator: None, own }
    }

    /// Which one it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where clients connect, with any key id and the same text as its secret.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The embedded servers, if it is they: their clock can be moved.
    pub fn emulator(&self) -> Option<&Emulator> {
        self.emulator.as_ref()
    }

    /// A name for a table, a queue, a bucket or a region that no other test of this run uses.
    pub fn own(&self, name: &str) -> String {
        format!("feedmill-{}-{name}", self.own)
    }

    /// Says that something is left out on this server.
    #[expect(clippy::print_stdout, reason = "it is what a test prints, kept for who reads its result")]
    pub fn not_tried(&self, why: &str) {
        println!("{NOT_TRIED}{}: {why}", self.kind);
    }

    /// Where nobody answers, any more where the servers are this test's own.
    pub async fn gone(self) -> Endpoints {
        match self.emulator {
            Some(emulator) => {
                emulator.shutdown().await;
                self.endpoints
            }
            None => everywhere("http://127.0.0.1:9"),
        }
    }
}

fn everywhere(endpoint: &str) -> Endpoints {
    Endpoints { dynamodb: endpoint.to_owned(), sqs: endpoint.to_owned(), s3: endpoint.to_owned() }
}

/// The only place that reads the setting.
#[expect(clippy::disallowed_methods, clippy::panic, reason = "it is a setting of tests, which fail by panicking")]
fn setting() -> Option<(Kind, String)> {
    let told = std::env::var(SETTING).ok()?;
    let Some((name, endpoint)) = told.split_once('=') else {
        panic!("{SETTING} is {told:?}: say a server and where it listens, as in ministack=http://127.0.0.1:4567");
    };
    let kind = name.parse().unwrap_or_else(|error| panic!("{SETTING}: {error}"));
    Some((kind, endpoint.to_owned()))
}
