//! Feedmill in one process: the AWS servers, the functions, the pump between them, and the API on a port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use boot::aws::{Aws, Service};
use boot::clock::Clock;
use boot::settings::Settings;
use domain::account::OperatorSecret;
use domain::id::{InstallationKey, SystemEntropy};
use domain::timing::Lane;
use emulator::{Emulator, Where};
use queue::Queue;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::data::DataFolder;
use crate::names::{self, Choices};
use crate::pump::schedule::{self, Schedule};
use crate::pump::{self, Mapping};
use crate::trouble::Trouble;
use crate::{gate, install, journal, listen};

/// How long work under way may go on once Feedmill is told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long a run of the dispatcher may take, and so how long its cursor is protected when the process is killed under it.
const DISPATCH_TIME: Duration = Duration::from_secs(15);
/// The same of a run of maintenance, which shares the machine with everything else.
const MAINTENANCE_TIME: Duration = Duration::from_secs(60);
/// Minutes of the wheel from one run of maintenance to the next.
const MAINTENANCE_MINUTES: u64 = 60;
/// How often expired items are removed.
const EXPIRY_PERIOD: Duration = Duration::from_secs(15 * 60);
/// Events at once on each lane: a slow source keeps its batch, not the lane.
const CONCURRENCY: usize = 4;
/// The most messages of one event, as in the cloud.
const BATCH: usize = 100;
/// How long a batch gathers: the dispatcher sends its messages by tens within this.
const WINDOW: Duration = Duration::from_millis(200);

/// Where the data lives.
#[derive(Debug)]
pub enum Place {
    /// In memory: gone at the end.
    Memory,
    /// In a folder.
    Folder(PathBuf),
}

/// What to start.
#[derive(Debug)]
pub struct Plan {
    /// Where the data lives.
    pub place: Place,
    /// Where the API listens; a loopback address, port 0 for any free one.
    pub listen: SocketAddr,
    /// The owner's choices.
    pub choices: Choices,
}

/// A running Feedmill. [`Machine::stop`] ends it in order; dropped, it ends as if killed, which loses nothing either.
pub struct Machine {
    address: SocketAddr,
    operator: OperatorSecret,
    data: Option<DataFolder>,
    emulator: Arc<Emulator>,
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Machine {
    /// Starts everything; when this returns, the API answers.
    ///
    /// # Errors
    /// [`Trouble::CannotStart`]: the data folder or the port cannot be used, or the address is not loopback.
    pub async fn start(plan: Plan, clock: Clock) -> Result<Self, Trouble> {
        let listener = listen::on(plan.listen, "--listen")?;
        let (data, place, key) = open(plan.place).await?;
        let millis = Arc::clone(&clock);
        let emulator = Emulator::start(place, Arc::new(move || millis().as_millis())).await;
        let emulator = emulator.map_err(|error| Trouble::CannotStart(error.to_string()))?;
        let ends = emulator.endpoints();
        // Tables and queues are asked in the process: a socket between would be the largest part of a poll.
        let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3).through(|http| emulator.direct(http));
        let settings =
            names::settings(&ends.sqs, &plan.choices).map_err(|error| Trouble::CannotStart(error.to_string()))?;
        install::install(&aws, emulator.sqs(), &settings, &key, clock()).await?;
        let address = listener.local_addr()?;
        let mut machine = Self {
            address,
            operator: OperatorSecret::of(&key),
            data,
            emulator: Arc::new(emulator),
            stopping: watch::Sender::new(false),
            tasks: JoinSet::new(),
        };
        let web = way_out(&settings, &clock)?;
        machine.run_functions(&aws, &settings, &key, &web, &clock);
        machine.serve(listener, &aws, &settings, key, web, &clock);
        if let Some(data) = &machine.data {
            data.announce_server(address)?;
        }
        Ok(machine)
    }

    /// Where the API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::at(self.address, self.operator.clone())
    }

    /// The queues, to look into them.
    pub fn sqs(&self) -> &emulator::sqs::Sqs {
        self.emulator.sqs()
    }

    /// Stops: nothing new is begun, what is under way may end within five seconds, the rest is given back to its queue.
    pub async fn stop(mut self) {
        if let Some(data) = &self.data {
            data.forget_server();
        }
        self.stopping.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(crash) = ended {
                tracing::error!(%crash, "a part of Feedmill crashed");
            }
        }
        match Arc::try_unwrap(self.emulator) {
            Ok(emulator) => emulator.shutdown().await,
            Err(_) => tracing::warn!("the servers are still in use; they end with the process"),
        }
    }

    fn run_functions(
        &mut self,
        aws: &Aws,
        settings: &Settings,
        key: &InstallationKey,
        web: &fetch::Fetcher,
        clock: &Clock,
    ) {
        let store = Store::new(&aws.config(Service::DynamoDb), names::tables(settings));
        let queue = Queue::new(&aws.config(Service::Sqs), names::urls(settings));
        let bucket = blob::Bucket::new(&aws.config(Service::S3), settings.bucket.clone());
        let dispatcher = dispatcher::Context::new(
            store.clone(),
            queue.clone(),
            Arc::clone(clock),
            dispatcher::Rules::from(settings),
        );
        self.run_dispatcher(Arc::new(dispatcher), settings, clock);
        let maintenance = maintenance::Context::new(maintenance::Parts {
            store: store.clone(),
            queue: queue.clone(),
            bucket: bucket.clone(),
            clock: Arc::clone(clock),
            rules: maintenance::Rules::from(settings),
        });
        let maintenance = maintenance.with_key(boot::key::Keeper::Given(key.clone()));
        self.run_maintenance(Arc::new(maintenance), settings, clock);
        for lane in [Lane::Fast, Lane::Slow] {
            let rules = fetcher::Rules { lane, ..fetcher::Rules::from(settings) };
            let (store, queue, bucket) = (store.clone(), queue.clone(), bucket.clone());
            self.run_fetcher(
                fetcher::Context::new(store, queue, bucket, web.clone(), Arc::clone(clock), rules, key),
                lane,
                clock,
            );
        }
        self.run_expiry();
    }

    fn run_dispatcher(&mut self, context: Arc<dispatcher::Context>, settings: &Settings, clock: &Clock) {
        let time = Arc::clone(clock);
        let run = move || {
            let (context, deadline) = (Arc::clone(&context), time() + DISPATCH_TIME - dispatcher::MARGIN);
            async move {
                match dispatcher::handle(&context, dispatcher::Start::default(), deadline).await {
                    Ok(report) => tracing::debug!(?report, "dispatched"),
                    Err(error) => tracing::error!(error = boot::logs::causes(&error), "the dispatcher failed"),
                }
            }
        };
        self.run_by_minutes("dispatcher", 1, settings, clock, run);
    }

    fn run_maintenance(&mut self, context: Arc<maintenance::Context>, settings: &Settings, clock: &Clock) {
        let time = Arc::clone(clock);
        let run = move || {
            let (context, deadline) = (Arc::clone(&context), time() + MAINTENANCE_TIME - maintenance::MARGIN);
            async move {
                match maintenance::handle(&context, maintenance::Start::default(), deadline).await {
                    Ok(answer) => tracing::debug!(?answer, "maintained"),
                    Err(error) => tracing::error!(error = boot::logs::causes(&error), "maintenance failed"),
                }
            }
        };
        self.run_by_minutes("maintenance", MAINTENANCE_MINUTES, settings, clock, run);
    }

    fn run_by_minutes<F, R>(&mut self, function: &'static str, minutes: u64, settings: &Settings, clock: &Clock, run: F)
    where
        F: Fn() -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let schedule = Schedule { function, pace: settings.pace, minutes, grace: GRACE };
        self.tasks.spawn(schedule::by_minutes(schedule, Arc::clone(clock), run, self.stopping.subscribe()));
    }

    fn run_fetcher(&mut self, context: fetcher::Context, lane: Lane, clock: &Clock) {
        let mapping = Mapping {
            queue: names::queue(lane).to_owned(),
            batch: BATCH,
            window: WINDOW,
            concurrency: CONCURRENCY,
            timeout: lane.function_timeout(),
        };
        let function = move |event, deadline| {
            let context = context.clone();
            async move { fetcher::handle(&context, event, deadline).await }
        };
        let (sqs, stopping) = (self.emulator.sqs().clone(), self.stopping.subscribe());
        self.tasks.spawn(pump::feed(mapping, sqs, Arc::clone(clock), function, stopping, GRACE));
    }

    fn run_expiry(&mut self) {
        let emulator = Arc::downgrade(&self.emulator);
        let sweep = move || {
            let emulator = emulator.clone();
            async move {
                // It blocks its thread for as long as it takes.
                let swept =
                    tokio::task::spawn_blocking(move || emulator.upgrade().map_or(Ok(0), |e| e.sweep_ttl())).await;
                match swept {
                    Ok(Ok(items)) => tracing::debug!(items, "expired"),
                    Ok(Err(error)) => tracing::warn!(error, "expired items stay until the next sweep"),
                    Err(crash) => tracing::error!(%crash, "the sweep of expired items crashed"),
                }
            }
        };
        self.tasks.spawn(schedule::every(EXPIRY_PERIOD, sweep, self.stopping.subscribe()));
    }

    fn serve(
        &mut self,
        listener: TcpListener,
        aws: &Aws,
        settings: &Settings,
        key: InstallationKey,
        web: fetch::Fetcher,
        clock: &Clock,
    ) {
        let context = api::Context::new(api::Parts {
            store: Store::new(&aws.config(Service::DynamoDb), names::tables(settings)),
            journal: journal::of(&self.emulator),
            queue: Queue::new(&aws.config(Service::Sqs), names::urls(settings)),
            bucket: blob::Bucket::new(&aws.config(Service::S3), settings.bucket.clone()),
            key,
            web,
            clock: Arc::clone(clock),
            passwords: Arc::new(api::Passwords::new(api::Cost::OWASP)),
            rules: api::Rules::from(settings),
        });
        let router = api::router_behind(Arc::new(context), |router| gate::guarded(router, &settings.cors_origins));
        self.tasks.spawn(listen::serve(listener, router, self.stopping.subscribe(), GRACE));
    }
}

/// The one way out of this process: fetchers and the api share it, so that no host is asked twice at once.
fn way_out(settings: &Settings, clock: &Clock) -> Result<fetch::Fetcher, Trouble> {
    let mut out = fetch::Settings::new(env!("CARGO_PKG_VERSION"), settings.contact_url.clone());
    if settings.allow_private_networks {
        out.reach = fetch::Reach::with_private_networks();
    }
    fetch::Fetcher::new(out, Arc::clone(clock))
        .map_err(|error| Trouble::cannot_start("cannot make the HTTP client", &error))
}

async fn open(place: Place) -> Result<(Option<DataFolder>, Where, InstallationKey), Trouble> {
    match place {
        Place::Memory => Ok((None, Where::Memory, InstallationKey::generate(&mut SystemEntropy))),
        Place::Folder(path) => {
            let data = DataFolder::open(&path).await?;
            let key =
                boot::key::load_or_create(&data.key_file()).map_err(|error| Trouble::CannotStart(error.to_string()))?;
            Ok((Some(data), Where::Folder(path), key))
        }
    }
}
