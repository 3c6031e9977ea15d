//! The functions, and what the platform does with them: the schedule, the queues' messages, and requests.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use domain::id::SourceId;
use domain::message::Announcement;
use domain::timing::Lane;
use emulator::sqs::Message;
use faults::{Deliveries, Dice, Mischief};
use local::names;
use serde_json::Value;
use tower::ServiceExt as _;

use super::function::{self, Function, Injected};
use super::weather::Weather;
use super::world::{LANES, World};
use crate::{Outcome, machine};

/// The most messages of one event.
const BATCH: usize = 20;
/// Of 1,000 messages that come twice in one batch, those that come to two environments at once.
const BOTH_HANDS: u16 = 850;
/// Acknowledgements that get lost, of 1,000 events.
const UNACKNOWLEDGED: u16 = 30;
/// A request that failed so often is made again when the weather is fair.
const PATIENCE: u32 = 12;

/// A request of somebody.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
    /// Whose; the operator's own if nobody's.
    pub(super) who: Option<String>,
    /// Its `Idempotency-Key`.
    pub(super) key: Option<String>,
}

pub(super) struct Mill {
    dispatcher: Function<dispatcher::Context>,
    /// Two environments of each lane, so that a message that comes twice may be in both hands at once.
    fast: [Function<fetcher::Context>; 2],
    slow: [Function<fetcher::Context>; 2],
    maintenance: Function<maintenance::Context>,
    api: Function<Router>,
    deliveries: Deliveries<(Lane, Message)>,
    dice: Dice,
    weather: Weather,
    /// By source: first and last ordinal of what was announced.
    pub(super) announced: HashMap<SourceId, Vec<(u64, u64)>>,
    /// Requests that were made again.
    pub(super) repeated: u64,
    /// Acknowledgements that were lost.
    pub(super) unacknowledged: u64,
}

impl Mill {
    /// Functions that live, and queues that bring as many messages twice as `mischief` says.
    pub(super) fn new(world: &World, mischief: Mischief) -> Self {
        Self {
            dispatcher: Function::new("dispatcher", 1, function::dispatcher, world),
            fast: [
                Function::new("fetcher", 10, |world, parts| function::fetcher(Lane::Fast, 0, world, parts), world),
                Function::new(
                    "other fetcher",
                    10,
                    |world, parts| function::fetcher(Lane::Fast, 1, world, parts),
                    world,
                ),
            ],
            slow: [
                Function::new("slow fetcher", 20, |world, parts| function::fetcher(Lane::Slow, 0, world, parts), world),
                Function::new(
                    "other slow fetcher",
                    20,
                    |world, parts| function::fetcher(Lane::Slow, 1, world, parts),
                    world,
                ),
            ],
            maintenance: Function::new("maintenance", 8, function::maintenance, world),
            api: Function::new("api", 1, function::api, world),
            deliveries: Deliveries::new(Dice::of(world.seed, &[b"deliveries"]), mischief),
            dice: Dice::of(world.seed, &[b"platform"]),
            weather: Weather::FAIR,
            announced: HashMap::new(),
            repeated: 0,
            unacknowledged: 0,
        }
    }

    /// From now on things go wrong so.
    pub(super) fn live_in(&mut self, world: &World, weather: Weather) {
        self.weather = weather;
        self.dispatcher.live_in(world, weather);
        for fetcher in self.fast.iter_mut().chain(&mut self.slow) {
            fetcher.live_in(world, weather);
        }
        self.maintenance.live_in(world, weather);
        self.api.live_in(world, weather.without_lag());
    }

    /// From now on the queues do as they should.
    pub(super) fn behave(&mut self) {
        self.deliveries.behave(Mischief::default());
    }

    /// A run of the dispatcher. What it could not do is the next one's.
    pub(super) async fn tick(&mut self, world: &World) {
        let deadline = world.time.told() + Duration::from_secs(25);
        let run = async |ctx: &dispatcher::Context| {
            dispatcher::handle(ctx, dispatcher::Start::default(), deadline).await.is_ok()
        };
        self.dispatcher.run(world, run).await.unwrap_or_default();
    }

    /// A run of maintenance. What it could not do is the next one's.
    pub(super) async fn maintain(&mut self, world: &World) {
        let deadline = world.time.told() + Duration::from_secs(60);
        let run = async |ctx: &maintenance::Context| {
            maintenance::handle(ctx, maintenance::Start::default(), deadline).await.is_ok()
        };
        self.maintenance.run(world, run).await.unwrap_or_default();
    }

    /// Delivers what can be received, to both lanes at once, while somebody makes the request `meanwhile`; how many messages there were, and the answer, if one came.
    pub(super) async fn deliver(
        &mut self,
        world: &World,
        meanwhile: Option<&Ask>,
    ) -> Outcome<(usize, Option<(u16, Value)>)> {
        for lane in LANES {
            let messages = world.receive(names::queue(lane)).await?;
            messages.into_iter().for_each(|message| self.deliveries.take((lane, message)));
        }
        let batch = self.deliveries.next_batch(BATCH);
        let count = batch.len();
        let [fast, other_fast] = self.deal(&batch, Lane::Fast);
        let [slow, other_slow] = self.deal(&batch, Lane::Slow);
        let ([fast_fetcher, other_fast_fetcher], [slow_fetcher, other_slow_fetcher]) = (&mut self.fast, &mut self.slow);
        let reading = async {
            match meanwhile {
                Some(ask) => send(&mut self.api, world, ask).await,
                None => Ok(None),
            }
        };
        let (fast, other_fast, slow, other_slow, answer) = tokio::join!(
            hand_over(fast_fetcher, world, Lane::Fast, fast),
            hand_over(other_fast_fetcher, world, Lane::Fast, other_fast),
            hand_over(slow_fetcher, world, Lane::Slow, slow),
            hand_over(other_slow_fetcher, world, Lane::Slow, other_slow),
            reading,
        );
        for (lane, done) in [(Lane::Fast, [fast, other_fast]), (Lane::Slow, [slow, other_slow])] {
            let done = done.concat();
            if !done.is_empty() && self.dice.per_mille(UNACKNOWLEDGED) && self.weather.longest_life > 0 {
                self.unacknowledged += 1;
            } else {
                world.delete(names::queue(lane), &done)?;
            }
        }
        Ok((count, answer?))
    }

    /// Deals what of `batch` is a lane's to its two environments: a message that is there twice mostly to both.
    fn deal(&mut self, batch: &[(Lane, Message)], lane: Lane) -> [Vec<Message>; 2] {
        let (mut hands, mut first) = ([Vec::new(), Vec::new()], HashMap::new());
        for (_, message) in batch.iter().filter(|(of, _)| *of == lane) {
            let any = self.dice.per_mille(500);
            let other = self.dice.per_mille(BOTH_HANDS);
            let left = *first.entry(&message.message_id).and_modify(|left| *left ^= other).or_insert(any);
            hands[usize::from(left)].push(message.clone());
        }
        hands
    }

    /// Makes a request until it is answered well or refused: status and body.
    pub(super) async fn ask(&mut self, world: &World, ask: &Ask) -> Outcome<(u16, Value)> {
        for attempt in 0..2 * PATIENCE {
            if attempt == PATIENCE {
                self.api.live_in(world, Weather::FAIR);
            }
            self.repeated += u64::from(attempt > 0);
            match send(&mut self.api, world, ask).await? {
                // Failed, or was killed on the way; or somebody else is at it, perhaps who was killed before.
                None | Some((429 | 500.., _)) => world.pass(Duration::from_secs(2)),
                Some((409, _)) => world.pass(Duration::from_secs(30)),
                Some(answer) => {
                    if attempt >= PATIENCE {
                        self.api.live_in(world, self.weather.without_lag());
                    }
                    return Ok(answer);
                }
            }
        }
        Err(format!("{} {} is never answered well, even in fair weather", ask.method, ask.path).into())
    }

    /// Makes a request once, for a source to be polled now: that it is too early is an answer too.
    pub(super) async fn refresh(&mut self, world: &World, ask: &Ask) -> Outcome<()> {
        send(&mut self.api, world, ask).await.map(drop)
    }

    /// Takes the announcements that have come.
    pub(super) async fn hear(&mut self, world: &World) -> Outcome<()> {
        loop {
            let messages = world.receive(names::TASKS).await?;
            if messages.is_empty() {
                return Ok(());
            }
            let mut receipts = Vec::new();
            for message in messages {
                let told: Announcement = serde_json::from_str(&message.body)?;
                self.announced.entry(told.source).or_default().push((told.from.get(), told.to.get()));
                receipts.push(message.receipt_handle);
            }
            world.delete(names::TASKS, &receipts)?;
        }
    }

    /// Nothing is held back.
    pub(super) fn has_delivered_all(&self) -> bool {
        self.deliveries.is_empty()
    }

    /// What was done to calls and functions so far; kills by function.
    pub(super) fn injected(&self) -> (Injected, BTreeMap<&'static str, u64>) {
        let fetchers = self.fast.iter().chain(&self.slow).map(|fetcher| ("fetchers", fetcher.injected()));
        let others = [
            ("dispatcher", self.dispatcher.injected()),
            ("maintenance", self.maintenance.injected()),
            ("api", self.api.injected()),
        ];
        let (mut all, mut kills) = (Injected::default(), BTreeMap::new());
        for (name, one) in fetchers.chain(others) {
            *kills.entry(name).or_default() += one.kills;
            all.calls += one.calls;
            all.kills += one.kills;
            for (fault, count) in one.faults {
                *all.faults.entry(fault).or_default() += count;
            }
        }
        (all, kills)
    }

    /// What was done to messages so far.
    pub(super) fn mischief(&self) -> faults::Done {
        self.deliveries.done()
    }
}

/// Makes a request once; `None` if the function was killed.
async fn send(api: &mut Function<Router>, world: &World, ask: &Ask) -> Outcome<Option<(u16, Value)>> {
    let body = if ask.body.is_null() { Body::empty() } else { Body::from(ask.body.to_string()) };
    let mut request = Request::builder().method(ask.method).uri(&ask.path);
    request = request.header("authorization", format!("Operator {}", world.operator.expose()));
    for (name, value) in [("feedmill-user", &ask.who), ("idempotency-key", &ask.key)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let request = request.body(body)?;
    let answer = api.run(world, async |router: &Router| {
        let Ok(answer) = router.clone().oneshot(request).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), api::MAX_ANSWER_BYTES + 1_000).await?;
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? };
        Outcome::Ok((status, body))
    });
    answer.await.transpose()
}

/// Lets a fetcher work on a batch; the receipts of what is done with come back.
async fn hand_over(
    fetcher: &mut Function<fetcher::Context>,
    world: &World,
    lane: Lane,
    batch: Vec<Message>,
) -> Vec<String> {
    if batch.is_empty() {
        return Vec::new();
    }
    let mut event = SqsEvent::default();
    event.records = batch.iter().map(machine::record).collect();
    let deadline = world.time.told() + lane.function_timeout() - Duration::from_millis(500);
    let work = async |ctx: &fetcher::Context| fetcher::handle(ctx, event, deadline).await;
    let Some(answer) = fetcher.run(world, work).await else { return Vec::new() };
    let failed: HashSet<String> = answer.batch_item_failures.into_iter().map(|item| item.item_identifier).collect();
    let done = batch.into_iter().filter(|message| !failed.contains(&message.message_id));
    done.map(|message| message.receipt_handle).collect()
}
