//! What the origin answers, well or badly.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::seen::Seen;

/// Holds replies back until it is opened, for good.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets through whoever waits now or comes later.
    pub fn open(&self) {
        self.0.close();
    }

    pub(crate) async fn pass(&self) {
        // There are no permits: it waits until the semaphore is closed, which is what opens this gate.
        drop(self.0.acquire().await);
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// One answer. `Content-Length` and `Date` are not added by themselves, except that a plain body gets its length.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Body,
    pub(crate) gate: Option<Gate>,
    pub(crate) delay: Option<Duration>,
    pub(crate) close: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// With its length.
    Whole(Bytes),
    /// With its length, but ends early.
    Truncated { body: Bytes, sent: usize },
    /// Announces its length, sends this much, then says nothing more.
    Stalled { body: Bytes, sent: usize },
    /// In chunks, each behind the gate.
    Dripping { chunks: Vec<Bytes>, gate: Gate },
    /// In chunks of this, for ever.
    Endless(Bytes),
    /// No HTTP at all: these bytes, then the end.
    Raw(Bytes),
    /// Nothing, ever, on an open connection.
    Silence,
}

impl Reply {
    fn new(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body, gate: None, delay: None, close: false }
    }

    /// A status with an empty body.
    pub fn status(status: u16) -> Self {
        Self::new(status, Body::Whole(Bytes::new()))
    }

    /// 200 with this body.
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::new(200, Body::Whole(body.into()))
    }

    /// 304.
    pub fn not_modified() -> Self {
        Self::status(304)
    }

    /// A redirect to `location`.
    pub fn redirect(status: u16, location: impl AsRef<[u8]>) -> Self {
        Self::status(status).header("location", location)
    }

    /// These bytes as they are, then the end of the connection.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::new(0, Body::Raw(bytes.into()))
    }

    /// Takes the request and never answers.
    pub fn never() -> Self {
        Self::new(0, Body::Silence)
    }

    /// 200 with `chunk` again and again until the other side has enough.
    pub fn endless(chunk: impl Into<Bytes>) -> Self {
        Self::new(200, Body::Endless(chunk.into()))
    }

    /// 200 in chunks, each of which waits at `gate`.
    pub fn drip(chunks: impl IntoIterator<Item = Bytes>, gate: &Gate) -> Self {
        Self::new(200, Body::Dripping { chunks: chunks.into_iter().collect(), gate: gate.clone() })
    }

    /// 304 if the request carries `etag` in `If-None-Match`, else `fresh`; both with that `ETag`.
    pub fn unless_known(seen: &Seen, etag: &str, fresh: Self) -> Self {
        let known = seen.header("if-none-match") == Some(etag.as_bytes());
        if known { Self::not_modified() } else { fresh }.header("etag", etag)
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header line; the same name may come several times.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Sets the body of a plain reply.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Whole(body.into());
        self
    }

    /// Announces the whole body, sends its first `sent` bytes and closes.
    #[must_use]
    pub fn truncated(mut self, sent: usize) -> Self {
        if let Body::Whole(body) = self.body {
            self.body = Body::Truncated { sent: sent.min(body.len()), body };
        }
        self
    }

    /// Announces the whole body, sends its first `sent` bytes and then nothing more, the connection staying open.
    #[must_use]
    pub fn stalled(mut self, sent: usize) -> Self {
        if let Body::Whole(body) = self.body {
            self.body = Body::Stalled { sent: sent.min(body.len()), body };
        }
        self
    }

    /// Waits at `gate` before the first byte.
    #[must_use]
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Lets this time pass before the first byte: for demonstrations; tests use a [`Gate`].
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Closes the connection afterwards, and says so.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.close = true;
        self
    }
}
