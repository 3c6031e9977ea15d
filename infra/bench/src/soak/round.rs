//! A round: hours in which everything goes wrong that can, then fair weather until the books balance, or until they should have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::account::{NewUser, PasswordHash};
use domain::backoff;
use domain::id::{SourceId, SystemEntropy, UserId};
use domain::source::SourceSettings;
use faults::Dice;
use serde_json::{Value, json};
use store::Registering;
use tokio::time::Instant;

use super::feed::Feed;
use super::mill::{Ask, Mill};
use super::person::{Person, listed};
use super::report::Told;
use super::size::Size;
use super::weather::Weather;
use super::world::World;
use crate::Outcome;

const MINUTE: Duration = Duration::from_secs(60);
/// Times in a minute that messages are delivered, and what passes between them.
const DELIVERIES: u32 = 3;
const BETWEEN: Duration = Duration::from_secs(15);
/// Minutes of fair weather before the books are first looked at: deletions under way end, and whatever is in hand.
const SETTLE_MINUTES: u64 = 150;
/// Minutes of fair weather after which they must balance: what rests the longest, a feed that failed often, does for a day and a half.
const LONGEST_MINUTES: u64 = backoff::CEILING.as_secs() / 60 + 4 * 60;
/// Minutes between two looks.
const LOOK_EVERY: u64 = 30;
/// How long a publisher is given who may not answer; all others, and in fair weather this one too, are given as long as is usual. So what is waited for in
/// real time decides nothing of which posts must be there in the end.
const A_SECOND: Duration = Duration::from_secs(1);

pub(super) struct Round {
    pub(super) world: World,
    pub(super) mill: Mill,
    pub(super) feeds: Vec<Arc<Feed>>,
    /// Which source each feed is.
    pub(super) sources: Vec<SourceId>,
    pub(super) deleted: Vec<SourceId>,
    /// The first keeps everything that is not an orphan.
    pub(super) people: Vec<Person>,
    dice: Dice,
    clock_steps: u64,
    began: Instant,
    size: Size,
}

impl Round {
    /// People and feeds, all subscribed to by the first of the people.
    pub(super) async fn begin(seed: u64, size: Size) -> Outcome<Self> {
        let world = World::start(seed).await?;
        let mut mill = Mill::new(&world, size.mischief());
        let feeds: Vec<_> = (0..size.sources).map(|n| Feed::open(&world.origin, seed, n)).collect();
        let mut dice = Dice::of(seed, &[b"round"]);
        let mut people: Vec<_> = (0..=size.people).map(|n| Person::new(&world, &format!("person{n}"))).collect();
        for person in &people {
            register(&world, &person.email).await?;
        }
        mill.live_in(&world, Weather::draw(&mut dice));
        let mut sources = Vec::new();
        for feed in &feeds {
            feed.publish(500, world.time.now());
            sources.push(people[0].subscribe(&world, &mut mill, &feed.url).await?);
        }
        let began = Instant::now();
        let mut round =
            Self { world, mill, feeds, sources, deleted: Vec::new(), people, dice, clock_steps: 0, began, size };
        for at in 0..round.feeds.len() {
            round.set(at, A_SECOND).await?;
        }
        Ok(round)
    }

    /// A source is given its interval, and if it is a tar pit so much time.
    async fn set(&mut self, at: usize, timeout: Duration) -> Outcome<()> {
        let traits = self.feeds[at].traits;
        let timeout = if traits.is_tar_pit { timeout } else { SourceSettings::DEFAULT.timeout };
        let body = json!({ "timeout_seconds": timeout.as_secs(), "interval_minutes": traits.interval_minutes });
        let path = format!("/v1/sources/{}", self.sources[at]);
        let ask = Ask { method: "PATCH", path, body, who: None, key: None };
        match self.mill.ask(&self.world, &ask).await? {
            (200, _) => Ok(()),
            (status, body) => {
                Err(format!("the settings of {} were refused: {status} {body}", self.feeds[at].name).into())
            }
        }
    }

    /// The bad hours. `show` is told how many minutes are over.
    pub(super) async fn suffer(&mut self, mut show: impl FnMut(u64)) -> Outcome<()> {
        for minute in 0..self.size.hours * 60 {
            if minute % 60 == 0 {
                self.mill.live_in(&self.world, Weather::draw(&mut self.dice));
                if let Some(error) = Weather::clock_error(&mut self.dice) {
                    self.clock_steps += 1;
                    self.world.time.err_by(error);
                }
            }
            self.publish();
            self.minute(minute).await?;
            self.live().await?;
            show(minute + 1);
        }
        Ok(())
    }

    /// What publishers do in a minute.
    fn publish(&mut self) {
        let often = self.size.scaled(20);
        for feed in &self.feeds {
            if self.dice.below(1_000) < often {
                feed.publish(200 + usize::try_from(self.dice.below(4_000)).unwrap_or(0), self.world.time.now());
            }
            match self.dice.below(1_000) {
                // Too long for an item, or many at once.
                20..22 => feed.publish(60_000, self.world.time.now()),
                22 => (0..15).for_each(|_| feed.publish(1_500, self.world.time.now())),
                23..30 => feed.edit(&mut self.dice),
                30..34 => feed.shrink(),
                _ => {}
            }
        }
    }

    /// What the platform does in a minute.
    async fn minute(&mut self, minute: u64) -> Outcome<()> {
        self.mill.tick(&self.world).await;
        if minute % 60 == 30 {
            self.mill.maintain(&self.world).await;
            self.mill.hear(&self.world).await?;
            self.world.forget()?;
        }
        for _ in 0..DELIVERIES {
            let reader = usize::try_from(self.dice.below(4 * self.people.len() as u64)).unwrap_or(0);
            let glance = self.people.get_mut(reader).map(Person::glance);
            let (_, answer) = self.mill.deliver(&self.world, glance.as_ref()).await?;
            if let (Some(ask), Some((200, body))) = (&glance, &answer) {
                self.look_at(ask, body)?;
            }
            self.world.pass(BETWEEN);
        }
        self.world.pass(MINUTE - BETWEEN * DELIVERIES);
        Ok(())
    }

    /// What somebody saw while others worked: a list is in order, whatever lands meanwhile.
    fn look_at(&self, ask: &Ask, body: &Value) -> Outcome<()> {
        if !ask.path.starts_with("/v1/posts") {
            return Ok(());
        }
        let mut numbers: Vec<_> = listed(&self.world, body)?.into_iter().map(|post| post.number).collect();
        if !ask.path.contains("oldest") {
            numbers.reverse();
        }
        if numbers.is_sorted_by(|one, next| one < next) {
            return Ok(());
        }
        Err(format!("a list that {} saw while posts landed is out of order", ask.path).into())
    }

    /// What people do in a minute, and now and then the operator.
    async fn live(&mut self) -> Outcome<()> {
        if self.dice.per_mille(400) {
            let who = 1 + usize::try_from(self.dice.below(self.size.people)).unwrap_or(0);
            let urls: Vec<String> = self.feeds.iter().map(|feed| feed.url.clone()).collect();
            if let Some(person) = self.people.get_mut(who) {
                person.act(&self.world, &mut self.mill, &urls).await?;
            }
        }
        let at = usize::try_from(self.dice.below(self.feeds.len() as u64)).unwrap_or(0);
        match self.dice.below(1_000) {
            0..4 => self.delete(at).await,
            4..9 => self.let_go(at).await,
            9 if at % 10 == 7 => {
                self.feeds[at].end();
                Ok(())
            }
            10..40 => self.refresh(at).await,
            _ => Ok(()),
        }
    }

    /// The operator deletes a source; somebody subscribes to the feed again at once.
    async fn delete(&mut self, at: usize) -> Outcome<()> {
        let source = self.sources[at];
        let path = format!("/v1/sources/{source}");
        let ask = Ask { method: "DELETE", path, body: Value::Null, who: None, key: None };
        self.mill.ask(&self.world, &ask).await?;
        self.feeds[at].begin_anew();
        self.deleted.push(source);
        self.people.iter_mut().for_each(|person| person.lose(source));
        self.sources[at] = self.people[0].subscribe(&self.world, &mut self.mill, &self.feeds[at].url).await?;
        self.set(at, A_SECOND).await
    }

    /// Nobody keeps an orphan for good.
    async fn let_go(&mut self, at: usize) -> Outcome<()> {
        if self.feeds[at].traits.is_orphan {
            self.people[0].leave(&self.world, &mut self.mill, self.sources[at]).await?;
        }
        Ok(())
    }

    async fn refresh(&mut self, at: usize) -> Outcome<()> {
        let path = format!("/v1/sources/{}/refresh", self.sources[at]);
        let ask = Ask { method: "POST", path, body: Value::Null, who: None, key: None };
        // Too early, or at rest: both are answers.
        self.mill.refresh(&self.world, &ask).await
    }

    /// Fair weather, until the books balance or should have: what does not balance, and what there is.
    pub(super) async fn recover(&mut self) -> Outcome<Told> {
        self.mill.live_in(&self.world, Weather::FAIR);
        self.mill.behave();
        self.world.time.err_by(0);
        let mut redriven = self.world.redrive().await?;
        for at in 0..self.feeds.len() {
            self.feeds[at].calm();
            self.sources[at] = self.people[0].subscribe(&self.world, &mut self.mill, &self.feeds[at].url).await?;
            self.set(at, SourceSettings::DEFAULT.timeout).await?;
            // Whether the wheel still knows a source shows when there is something new.
            self.feeds[at].publish(300, self.world.time.now());
        }
        let mut minute = 0;
        loop {
            self.minute(minute).await?;
            minute += 1;
            if minute % LOOK_EVERY == 1 {
                // What was received often in bad weather may die of one more receive in fair weather.
                redriven += self.world.redrive().await?;
            }
            if minute < SETTLE_MINUTES || minute % LOOK_EVERY != 0 || !self.mill.has_delivered_all() {
                continue;
            }
            self.mill.hear(&self.world).await?;
            let (broken, stock) = self.audit().await?;
            if broken.all.is_empty() || broken.is_for_good || minute >= LONGEST_MINUTES {
                return Ok(self.told(broken.all, stock.posts(), redriven, minute));
            }
        }
    }

    fn told(&self, broken: Vec<String>, landed: u64, redriven: u64, settled_minutes: u64) -> Told {
        let (injected, kills) = self.mill.injected();
        let mischief = self.mill.mischief();
        let (mut published, mut requests, mut publishers) = (0, 0, BTreeMap::new());
        for feed in &self.feeds {
            let (entries, asked, trouble) = feed.told();
            published += entries;
            requests += asked;
            for (what, count) in trouble {
                *publishers.entry(what).or_default() += count;
            }
        }
        let messages = [
            ("twice", mischief.twice),
            ("twice at once", mischief.together),
            ("late", mischief.late),
            ("out of order", mischief.shuffled),
        ];
        let unacknowledged = ("not acknowledged", self.mill.unacknowledged);
        Told {
            seed: self.world.seed,
            sources: self.size.sources,
            hours: self.size.hours,
            settled_hours: settled_minutes as f64 / 60.0,
            wall_seconds: self.began.elapsed().as_secs_f64(),
            published,
            landed,
            requests,
            asked: self.people.iter().map(Person::asked).sum(),
            repeated: self.mill.repeated,
            deleted: self.deleted.len() as u64,
            redriven,
            clock_steps: self.clock_steps,
            calls: injected.calls,
            faults: injected.faults,
            kills,
            messages: messages.into_iter().chain([unacknowledged]).collect(),
            publishers,
            broken,
        }
    }
}

async fn register(world: &World, email: &str) -> Outcome<()> {
    let id = UserId::draw(&mut SystemEntropy);
    let password = PasswordHash::new("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA")?;
    let new = NewUser { id, email: email.parse()?, password, created_at: world.time.now() };
    match world.store.register(&new, None).await? {
        Registering::Registered => Ok(()),
        other => Err(format!("{email} could not be registered: {other:?}").into()),
    }
}
