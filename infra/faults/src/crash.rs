//! A process that stops at a call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use tokio::sync::watch;

use crate::between::{Calling, Meddle, between};
use crate::call::Call;

/// Where the process stops. Calls are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nowhere.
    Never,
    /// When it is about to make this call: nothing of it is done.
    Before(u64),
    /// When the answer of this call has come: all of it is done, and nobody knows.
    After(u64),
    /// The same for the `nth` call of an operation, whatever else is called between: for a stop that a story begins with.
    AfterNth {
        /// As in [`Call::operation`].
        operation: &'static str,
        /// From 1.
        nth: u64,
    },
}

/// Counts the calls of a process and stops it at one of them. Clones are one crash point.
#[derive(Clone, Debug)]
pub struct CrashPoint {
    stop: Stop,
    calls: Arc<Mutex<Vec<Call>>>,
    reached: watch::Sender<bool>,
}

impl CrashPoint {
    /// Stops at `stop`.
    pub fn new(stop: Stop) -> Self {
        Self { stop, calls: Arc::default(), reached: watch::Sender::new(false) }
    }

    /// `client` as the process has it.
    pub fn wrap(&self, client: SharedHttpClient) -> SharedHttpClient {
        between(client, self.clone())
    }

    /// The calls so far, the one at which it stopped included.
    pub fn calls(&self) -> Vec<Call> {
        self.all().clone()
    }

    /// Runs `process` to its end, or to the call where it stops: then it is dropped, with all that it holds, and the answer is `None`.
    pub async fn run<T>(&self, process: impl Future<Output = T>) -> Option<T> {
        let mut reached = self.reached.subscribe();
        tokio::select! {
            biased;
            // The sender lives as long as `self`.
            _ = reached.wait_for(|reached| *reached) => None,
            done = process => Some(done),
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call: its number, and its number among those of its operation.
    fn count(&self, call: Call) -> (u64, u64) {
        let mut calls = self.all();
        let alike = calls.iter().filter(|before| before.operation == call.operation).count();
        calls.push(call);
        (calls.len() as u64, alike as u64 + 1)
    }

    async fn crash<T>(&self) -> T {
        self.reached.send_replace(true);
        std::future::pending().await
    }
}

impl Meddle for CrashPoint {
    fn call(&self, request: HttpRequest, next: SharedHttpConnector) -> Calling {
        let this = self.clone();
        Box::pin(async move {
            let call = Call::of(&request);
            let of_operation = call.operation.clone();
            let (number, alike) = this.count(call);
            if this.stop == Stop::Before(number) {
                return this.crash().await;
            }
            let answer = next.call(request).await;
            match this.stop {
                Stop::After(at) if at == number => this.crash().await,
                Stop::AfterNth { operation, nth } if nth == alike && operation == of_operation => this.crash().await,
                Stop::Never | Stop::Before(_) | Stop::After(_) | Stop::AfterNth { .. } => answer,
            }
        })
    }
}
