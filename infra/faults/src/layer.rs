//! The layer itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

use crate::answers;
use crate::between::{Answer, Calling, Meddle, between};
use crate::call::{Call, json};
use crate::dice::Dice;
use crate::fault::Fault;
use crate::partial::{self, Cut};
use crate::plan::{Plan, Script};

/// The fault layer: calm until it is given a plan or a script. Clones are one layer.
#[derive(Clone)]
pub struct Faults(Arc<State>);

/// A call that went through the layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub call: Call,
    /// What was done to it.
    pub fault: Option<Fault>,
}

struct State {
    seed: u64,
    inner: Mutex<Inner>,
}

struct Inner {
    plan: Plan,
    /// Throws so far, by operation.
    thrown: HashMap<String, u64>,
    script: Script,
    /// Calls since the script was given.
    of_all: u64,
    of_operation: HashMap<String, u64>,
    seen: Vec<Seen>,
    /// What an index said when it was last asked, by request.
    before: HashMap<Vec<u8>, Vec<u8>>,
}

impl Faults {
    /// A layer whose chance follows from `seed`: what happens to the `n`th call of an operation is always the same, whatever else is
    /// called between. Calls of one operation that run at the same time take their turns as they come.
    pub fn seeded(seed: u64) -> Self {
        let inner = Inner {
            plan: Plan::CALM,
            thrown: HashMap::new(),
            script: Script::new(),
            of_all: 0,
            of_operation: HashMap::new(),
            seen: Vec::new(),
            before: HashMap::new(),
        };
        Self(Arc::new(State { seed, inner: Mutex::new(inner) }))
    }

    /// `client` behind this layer.
    pub fn wrap(&self, client: SharedHttpClient) -> SharedHttpClient {
        between(client, self.clone())
    }

    /// From now on things go wrong by chance.
    pub fn follow(&self, plan: Plan) {
        self.inner().plan = plan;
    }

    /// From now on these things go wrong (beside the plan's, if there is one); calls are counted from here.
    pub fn follow_script(&self, script: Script) {
        let mut inner = self.inner();
        inner.script = script;
        inner.of_all = 0;
        inner.of_operation.clear();
    }

    /// From now on nothing goes wrong.
    pub fn rest(&self) {
        self.follow(Plan::CALM);
        self.follow_script(Script::new());
    }

    /// The calls so far, in the order in which they began.
    pub fn seen(&self) -> Vec<Seen> {
        self.inner().seen.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self, request: HttpRequest, next: SharedHttpConnector) -> Answer {
        let call = Call::of(&request);
        let (fault, mut dice) = self.inner().judge(&call, self.0.seed);
        match fault {
            None if call.reads_index => self.look(request, next, false).await,
            None => next.call(request).await,
            Some(Fault::Throttled) => answers::throttled(&call),
            Some(Fault::ServerError) => answers::failed(&call),
            Some(Fault::Unreachable) => answers::unreachable(),
            Some(Fault::AnswerLost) => {
                next.call(request).await?;
                answers::lost()
            }
            Some(Fault::TimedOut) => {
                if dice.per_mille(500) {
                    next.call(request).await?;
                }
                answers::timed_out()
            }
            Some(Fault::Lagging) => self.look(request, next, true).await,
            Some(Fault::Conflict) => {
                let Some(body) = json(&request) else { return next.call(request).await };
                if call.operation != "BatchExecuteStatement" {
                    return answers::conflict(&call, &body);
                }
                let cut = partial::cut_statements(body, "TransactionConflict", &mut dice);
                in_part(&call, request, next, cut).await
            }
            Some(Fault::Partial) => {
                let Some(body) = json(&request) else { return next.call(request).await };
                let cut = partial::cut(&call, body, &mut dice);
                in_part(&call, request, next, cut).await
            }
        }
    }

    /// Asks an index, and remembers what it said; a lagging one says what it said before, if the same was asked before.
    async fn look(&self, request: HttpRequest, next: SharedHttpConnector, lags: bool) -> Answer {
        let asked = request.body().bytes().map(<[u8]>::to_vec);
        let answer = next.call(request).await?;
        let (Some(asked), true) = (asked, answer.status().is_success()) else { return Ok(answer) };
        let status = answer.status();
        let now = bytes(answer).await?;
        let before = self.inner().before.insert(asked, now.clone());
        let told = before.filter(|_| lags).unwrap_or(now);
        Ok(answers::of_bytes(status, told))
    }
}

impl Inner {
    /// What happens to a call, and the dice for what else chance decides of it.
    fn judge(&mut self, call: &Call, seed: u64) -> (Option<Fault>, Dice) {
        let thrown = self.thrown.entry(call.operation.clone()).or_default();
        *thrown += 1;
        let mut dice = Dice::of(seed, &[call.operation.as_bytes(), &thrown.to_le_bytes()]);
        self.of_all += 1;
        let of_operation = self.of_operation.entry(call.operation.clone()).or_default();
        *of_operation += 1;
        let scripted = self.script.fault(call, self.of_all, *of_operation);
        let fault = scripted.or(self.plan.draw(call, &mut dice));
        self.seen.push(Seen { call: call.clone(), fault });
        (fault, dice)
    }
}

/// Makes a part of a call, and answers for the whole.
async fn in_part(call: &Call, mut request: HttpRequest, next: SharedHttpConnector, cut: Option<Cut>) -> Answer {
    let Some(mut cut) = cut else { return answers::throttled(call) };
    let Some(rest) = cut.request.take() else { return answers::ok(&cut.complete(None)) };
    let body = rest.to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    let answer = next.call(request).await?;
    if !answer.status().is_success() {
        return Ok(answer);
    }
    let body: Value =
        serde_json::from_slice(&bytes(answer).await?).map_err(|error| ConnectorError::other(error.into(), None))?;
    answers::ok(&cut.complete(Some(body)))
}

async fn bytes(answer: HttpResponse) -> Result<Vec<u8>, ConnectorError> {
    let body = ByteStream::new(answer.into_body()).collect().await;
    body.map(|body| body.to_vec()).map_err(|error| ConnectorError::io(error.into()))
}

impl Meddle for Faults {
    fn call(&self, request: HttpRequest, next: SharedHttpConnector) -> Calling {
        Box::pin(self.clone().answer(request, next))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("seed", &self.0.seed).finish_non_exhaustive()
    }
}
