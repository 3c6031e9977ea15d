//! A function, and the environments in which it lives one after the other: each has a clock and a fault layer of its own, and dies at a call
//! that chance has chosen.

use std::collections::BTreeMap;

use domain::timing::Lane;
use domain::wheel::Pace;
use faults::{CrashPoint, Dice, Faults, Stop};

use super::weather::Weather;
use super::world::{Parts, World};

/// The most that two machines' clocks differ.
const SKEW_MILLIS: u64 = 2_000;

/// What was done to a function.
#[derive(Clone, Debug, Default)]
pub(super) struct Injected {
    pub(super) calls: u64,
    pub(super) faults: BTreeMap<&'static str, u64>,
    pub(super) kills: u64,
}

/// A function of which `C` is what its handler works with.
pub(super) struct Function<C> {
    name: &'static str,
    make: fn(&World, Parts) -> C,
    weather: Weather,
    /// It makes so many times fewer calls than others, and dies so many times sooner.
    frailty: u64,
    /// How many environments it had.
    lives: u64,
    here: Environment<C>,
    past: Injected,
}

struct Environment<C> {
    crash: Option<CrashPoint>,
    faults: Faults,
    context: C,
}

impl<C> Function<C> {
    pub(super) fn new(name: &'static str, frailty: u64, make: fn(&World, Parts) -> C, world: &World) -> Self {
        let weather = Weather::FAIR;
        let here = Environment::new(name, make, world, &weather, 0);
        Self { name, make, weather, frailty, lives: 0, here, past: Injected::default() }
    }

    /// From now on things go wrong as `weather` says; a new environment lives in it.
    pub(super) fn live_in(&mut self, world: &World, weather: Weather) {
        let longest_life = weather.longest_life.div_ceil(self.frailty);
        self.weather = Weather { longest_life, ..weather };
        self.begin_again(world);
    }

    /// Lets the handler work; `None` if its environment was killed meanwhile. Then there is another.
    pub(super) async fn run<T>(&mut self, world: &World, work: impl AsyncFnOnce(&C) -> T) -> Option<T> {
        let work = Box::pin(work(&self.here.context));
        let ended = match &self.here.crash {
            Some(crash) => crash.run(work).await,
            None => Some(work.await),
        };
        if ended.is_none() {
            self.past.kills += 1;
            self.begin_again(world);
        }
        ended
    }

    /// What was done to it so far.
    pub(super) fn injected(&self) -> Injected {
        let mut all = self.past.clone();
        all.add(&self.here.faults);
        all
    }

    fn begin_again(&mut self, world: &World) {
        self.past.add(&self.here.faults);
        self.lives += 1;
        self.here = Environment::new(self.name, self.make, world, &self.weather, self.lives);
    }
}

impl Injected {
    fn add(&mut self, layer: &Faults) {
        for seen in layer.seen() {
            self.calls += 1;
            if let Some(fault) = seen.fault {
                *self.faults.entry(fault.as_str()).or_default() += 1;
            }
        }
    }
}

impl<C> Environment<C> {
    fn new(name: &str, make: fn(&World, Parts) -> C, world: &World, weather: &Weather, life: u64) -> Self {
        let mut dice = Dice::of(world.seed, &[name.as_bytes(), &life.to_le_bytes()]);
        let faults = Faults::seeded(dice.next());
        faults.follow(weather.plan);
        let at = 1 + dice.below(weather.longest_life);
        let stop = if dice.per_mille(500) { Stop::Before(at) } else { Stop::After(at) };
        let crash = (weather.longest_life > 0).then(|| CrashPoint::new(stop));
        let skew = i64::try_from(dice.below(2 * SKEW_MILLIS)).unwrap_or(0) - SKEW_MILLIS as i64;
        let parts = world.parts(if crash.is_some() { skew } else { 0 }, &faults, crash.as_ref());
        Self { context: make(world, parts), crash, faults }
    }
}

/// The dispatcher.
pub(super) fn dispatcher(world: &World, parts: Parts) -> dispatcher::Context {
    let Parts { store, queue, clock, .. } = parts;
    dispatcher::Context::new(store, queue, clock, dispatcher::Rules::from(&world.settings))
}

/// The fetcher of a lane, on one of two machines: what these ask of a host, they may ask at the same time.
pub(super) fn fetcher(lane: Lane, machine: usize, world: &World, parts: Parts) -> fetcher::Context {
    let rules = fetcher::Rules { lane, chunk_bytes: world.chunk_bytes, ..fetcher::Rules::from(&world.settings) };
    let Parts { store, queue, bucket, clock } = parts;
    fetcher::Context::new(
        store,
        queue,
        bucket,
        world.webs[machine % world.webs.len()].clone(),
        clock,
        rules,
        &world.key,
    )
}

/// Posts of a source that are shown at most, so that floors rise within a round.
pub(super) const SHOWN: u64 = 40;

/// Maintenance.
pub(super) fn maintenance(world: &World, parts: Parts) -> maintenance::Context {
    let Parts { store, queue, bucket, clock } = parts;
    let retention = store::Retention { age: world.settings.retention, count: SHOWN };
    let rules = maintenance::Rules { pace: Pace::REAL, retention };
    maintenance::Context::new(maintenance::Parts { store, queue, bucket, clock, rules })
}

/// The API.
pub(super) fn api(world: &World, parts: Parts) -> axum::Router {
    let Parts { store, queue, bucket, clock } = parts;
    let limits = api::Limits { per_user: 100_000, per_address: 100_000 };
    let rules = api::Rules { limits, ..api::Rules::from(&world.settings) };
    let passwords = std::sync::Arc::new(api::Passwords::new(api::Cost { memory_kib: 8, passes: 1 }));
    let (key, web) = (world.key.clone(), world.webs[0].clone());
    let parts = api::Parts { store, journal: world.journal.clone(), queue, bucket, key, web, clock, passwords, rules };
    api::router(std::sync::Arc::new(api::Context::new(parts)))
}
