//! Reading an answer and landing what is new in it: decide, land, and decide again when the store moved meanwhile.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use boot::logs::causes;
use domain::carry::Carry;
use domain::decide::{self, Policy};
use domain::failure::{ErrorCode, Failure};
use domain::id::{Ordinal, PostNumber};
use domain::parsed::{NaturalKey, Parsed};
use domain::plan::{self, Known, Plan, Sighting};
use domain::response::Response;
use domain::source::{Head, Poll, SourceState};
use domain::timing::BIG_BODY;
use domain::wheel::spread;
use feed::{Document, Draft, FeedError};
use store::{FeedFacts, PostFacts, StoreError};
use tokio::time::sleep;

use crate::Context;
use crate::batch::Batch;
use crate::chunk::land_plan;
use crate::delivery::Delivery;
use crate::ending::{Ending, Exchange};
use crate::judge::refused;
use crate::mark::Mark;
use crate::post::{Unprepared, not_stored, prepare};
use crate::verdict::{Step, Verdict};

/// Up to so many bytes, a body that was read counts for nothing in the budget of memory.
const SHORT_BODY: usize = 256 * 1024;

/// What is landed, and what was learnt of it so far.
pub(crate) struct Landing<'a> {
    pub(crate) batch: &'a Batch<'a>,
    pub(crate) delivery: &'a Delivery,
    pub(crate) exchange: Exchange,
    pub(crate) carry: Carry,
    /// What the document says; `None` when only an open landing is to be closed.
    pub(crate) sightings: Option<Vec<Sighting>>,
    drafts: Vec<Option<Draft>>,
    /// What the feed says of itself.
    feed: Option<Parsed>,
    pub(crate) facts: HashMap<usize, PostFacts>,
    /// Keys that turned out to be taken, edits whose post turned out to be gone.
    pub(crate) taken: HashSet<NaturalKey>,
    pub(crate) gone: HashSet<PostNumber>,
    /// Edits that are in.
    pub(crate) edits_landed: u32,
}

/// How one round went.
pub(crate) enum Round {
    /// To its end.
    Over(Step),
    /// What is new cannot be landed by anyone: the job has failed. What is landed of it stays, for the next job to close.
    Never(Failure),
    /// The store moved: read and decide again.
    Again,
}

/// Reads a body that was not seen before.
pub(crate) async fn read(
    batch: &Batch<'_>,
    delivery: &Delivery,
    mark: &Mark<'_>,
    response: Response,
    carry: Carry,
    policy: &Policy,
) -> Step {
    if response.body.len() > BIG_BODY
        && let Err(reason) = mark.show().await
    {
        return refused(batch.ctx, delivery, reason).await.into();
    }
    let exchange = Exchange::of(&response);
    let document = match parse(batch.ctx, &response).await {
        Ok(document) => document,
        Err(failure) => {
            let failed = decide::unreadable(&delivery.message.carry, &response, failure, policy);
            return Step::Finish(Box::new(Ending::failed(delivery, exchange, failed, batch.ctx.now())));
        }
    };
    // What was read of a long body takes as much memory again: its share of the budget lasts as long. Short ones give theirs back.
    let share = Some(response.body).filter(|body| body.len() > SHORT_BODY);
    let step = Landing::of(batch, delivery, exchange, carry, Some(document)).run(policy).await;
    drop(share);
    step
}

/// The poll brought nothing new, but a landing is unfinished: whoever comes by closes it.
pub(crate) async fn close(
    batch: &Batch<'_>,
    delivery: &Delivery,
    exchange: Exchange,
    carry: Carry,
    policy: &Policy,
) -> Step {
    Landing::of(batch, delivery, exchange, carry, None).run(policy).await
}

/// Off the event loop: a long feed must not keep others' answers waiting.
async fn parse(ctx: &Context, response: &Response) -> Result<Document, Failure> {
    let (body, content_type) = (response.body.clone(), response.content_type.clone());
    let base = response.final_url.clone();
    let read = move || tracing::trace_span!("read").in_scope(|| feed::read(&body, content_type.as_deref(), &base));
    match ctx.desk.work(read).await {
        Ok(read) => read.map_err(|error: FeedError| error.failure()),
        Err(error) => {
            tracing::error!(error = causes(&error), "reading a feed failed");
            Err(Failure::new(ErrorCode::FeedLimits, "this feed cannot be read"))
        }
    }
}

impl<'a> Landing<'a> {
    fn of(
        batch: &'a Batch<'a>,
        delivery: &'a Delivery,
        exchange: Exchange,
        carry: Carry,
        document: Option<Document>,
    ) -> Self {
        let sighting =
            |draft: &Draft| Sighting { key: draft.key(), content: draft.content_hash(), published: draft.date() };
        let sightings = document.as_ref().map(|document| document.drafts.iter().map(sighting).collect());
        let (feed, drafts) = match document {
            Some(Document { feed, drafts }) => (Some(feed), drafts.into_iter().map(Some).collect()),
            None => (None, Vec::new()),
        };
        Self {
            batch,
            delivery,
            exchange,
            carry,
            sightings,
            drafts,
            feed,
            facts: HashMap::new(),
            taken: HashSet::new(),
            gone: HashSet::new(),
            edits_landed: 0,
        }
    }

    async fn run(mut self, policy: &Policy) -> Step {
        let mut tries = 0u32;
        loop {
            match self.round().await {
                Ok(Round::Over(step)) => return step,
                Ok(Round::Never(failure)) => return self.failed(failure, policy),
                Ok(Round::Again) => {}
                Err(error) if error.is_retryable() => {
                    tracing::debug!(job = %self.delivery.message.job, error = causes(&error), "a landing waits");
                }
                Err(error) => {
                    tracing::error!(job = %self.delivery.message.job, error = causes(&error), "a landing is refused");
                    return self.failed(not_stored(), policy);
                }
            }
            // Ends with the attempt's time, if not before.
            sleep(wait(&self.delivery.message.job.to_string(), tries)).await;
            tries = tries.saturating_add(1);
        }
    }

    /// The job ends here: coming again, its message would only ask the origin again.
    fn failed(&self, failure: Failure, policy: &Policy) -> Step {
        let (given, started_at) = (&self.delivery.message.carry, self.exchange.started_at);
        let failed = decide::unlanded(given, &self.carry, failure, started_at, policy);
        Step::Finish(Box::new(Ending::failed(self.delivery, self.exchange, failed, self.batch.ctx.now())))
    }

    /// Reads the source, decides, and does what was decided.
    async fn round(&mut self) -> Result<Round, StoreError> {
        let source = self.delivery.message.source;
        let Some((head, poll)) = self.batch.ctx.store.view(source).await? else {
            return Ok(Round::Over(Verdict::Acknowledge.into()));
        };
        if head.state != SourceState::Active {
            // Whoever ended it has failed this job too.
            return Ok(Round::Over(Verdict::Acknowledge.into()));
        }
        let mut plan = self.plan(&head, &poll).await?;
        plan.edits.retain(|edit| !self.gone.contains(&edit.post.number));
        let carry = match plan.held_back {
            true => decide::held_back(&self.delivery.message.carry, self.carry.clone()),
            false => self.carry.clone(),
        };
        let lands = !plan.new.is_empty() || !plan.edits.is_empty() || plan.window_matters;
        if !lands && poll.open_landing.is_none() && self.edits_landed == 0 {
            self.describe(&head).await?;
            let ending = Ending::unchanged(self.delivery, self.exchange, carry, self.batch.ctx.now());
            return Ok(Round::Over(Step::Finish(Box::new(ending))));
        }
        match self.prepare(&plan).await {
            Ok(()) => {}
            Err(Unprepared::Later) => return Ok(Round::Over(Verdict::Report.into())),
            Err(Unprepared::Never(failure)) => return Ok(Round::Never(failure)),
        }
        land_plan(self, head, poll, &plan, carry).await
    }

    async fn plan(&self, head: &Head, poll: &Poll) -> Result<Plan, StoreError> {
        let Some(sightings) = &self.sightings else {
            let window = poll.window.clone();
            return Ok(Plan { new: Vec::new(), edits: Vec::new(), window, window_matters: false, held_back: false });
        };
        let mut order = plan::order(sightings, self.batch.ctx.now());
        order.retain(|index| !self.taken.contains(&sightings[*index].key));
        let unsure = plan::unsure(sightings, &order, &poll.window);
        let keys: Vec<NaturalKey> = unsure.iter().map(|index| sightings[*index].key).collect();
        let found = self.found(head, poll, &keys).await?;
        Ok(plan::plan(sightings, &order, &poll.window, self.delivery.message.carry.quiet, &found))
    }

    /// What the store knows of `keys`; of posts that come back from beyond the window, their content too.
    async fn found(
        &self,
        head: &Head,
        poll: &Poll,
        keys: &[NaturalKey],
    ) -> Result<HashMap<NaturalKey, Known>, StoreError> {
        // A source without posts has no keys: its first landing looks nothing up.
        if keys.is_empty() || head.post_count == Ordinal::NONE {
            return Ok(HashMap::new());
        }
        let store = &self.batch.ctx.store;
        let mut found = store.known(head.source, keys).await?;
        let window = poll.window.index();
        let back = found.iter().filter(|(key, _)| window.get(**key).is_none()).map(|(_, known)| known.number);
        let back: Vec<PostNumber> = back.collect();
        if !back.is_empty() {
            let contents = store.contents(&back).await?;
            for known in found.values_mut() {
                known.content = contents.get(&known.number).copied();
            }
        }
        Ok(found)
    }

    /// Cleans and packs what is new or changed, unless an earlier round did.
    async fn prepare(&mut self, plan: &Plan) -> Result<(), Unprepared> {
        let wanted = plan.new.iter().copied().chain(plan.edits.iter().map(|edit| edit.index));
        let drafts: Vec<(usize, Draft)> =
            wanted.filter_map(|index| Some((index, self.drafts.get_mut(index)?.take()?))).collect();
        if drafts.is_empty() {
            return Ok(());
        }
        let ctx = self.batch.ctx;
        self.facts.extend(prepare(ctx, self.delivery.message.source, drafts, ctx.now()).await?);
        Ok(())
    }

    /// What the feed says of itself: nothing, while there is no document.
    pub(crate) fn feed(&self) -> FeedFacts<'_> {
        let Some(feed) = &self.feed else { return FeedFacts::default() };
        FeedFacts { title: feed.title.as_deref(), site: feed.link.as_deref(), icon: feed.image.as_deref() }
    }

    /// A feed may change its own title without a new post: one extra write, which is rare.
    async fn describe(&self, head: &Head) -> Result<(), StoreError> {
        let FeedFacts { title, site, icon } = self.feed();
        let same = |new: Option<&str>, old: &Option<String>| new.is_none() || new == old.as_deref();
        if same(title, &head.title) && same(site, &head.site) && same(icon, &head.icon) {
            return Ok(());
        }
        self.batch.ctx.store.describe(head.source, title, site, icon).await.map(drop)
    }
}

/// How long the `tries`-th repetition waits: doubled each time from 50 ms to 2 s, then cut by up to a half that differs from job to job.
fn wait(job: &str, tries: u32) -> Duration {
    let full = Duration::from_millis(50).saturating_mul(1 << tries.min(6)).min(Duration::from_secs(2));
    full.mul_f64(0.5 + (spread(&format!("{job} {tries}")) % 512) as f64 / 1024.0)
}
