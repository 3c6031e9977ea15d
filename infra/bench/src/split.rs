//! Whose CPU it was: each thread's clock is read where work passes from one account to another, and the time since goes to the one that
//! worked. Accounts nest, and each has its own time only.
//!
//! Passing is seen by the spans that the fetcher and the SDK open anyway (here they are listened to), and by what the bench itself calls:
//! the functions' handlers and the embedded servers. What no account has is the event loop and the connections to origins.

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::cell::RefCell;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::span::Id;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

/// Who works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The functions themselves, with the rooms they call.
    Functions,
    /// Asking an origin.
    Get,
    /// Bytes to entries.
    Read,
    /// HTML to clean HTML, packed.
    Clean,
    /// The SDK: requests made, signed, answers taken apart.
    Sdk,
    /// The embedded servers.
    Servers,
}

const ACCOUNTS: usize = 6;

static NANOS: [AtomicU64; ACCOUNTS] = [const { AtomicU64::new(0) }; ACCOUNTS];

thread_local! {
    static LEDGER: RefCell<Ledger> = const { RefCell::new(Ledger { open: Vec::new(), since: Duration::ZERO }) };
}

struct Ledger {
    open: Vec<Account>,
    /// This thread's clock, when the last of them was opened or closed.
    since: Duration,
}

impl Ledger {
    fn settle(&mut self) {
        let now = thread_cpu();
        if let Some(account) = self.open.last() {
            let spent = u64::try_from((now - self.since).as_nanos()).unwrap_or(u64::MAX);
            NANOS[*account as usize].fetch_add(spent, Ordering::Relaxed);
        }
        self.since = now;
    }
}

fn enter(account: Account) {
    LEDGER.with_borrow_mut(|ledger| {
        ledger.settle();
        ledger.open.push(account);
    });
}

fn leave() {
    LEDGER.with_borrow_mut(|ledger| {
        ledger.settle();
        ledger.open.pop();
    });
}

/// `future`, on that account whenever it is polled.
pub(crate) async fn charged<F: Future>(account: Account, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        enter(account);
        let polled = future.as_mut().poll(context);
        leave();
        polled
    })
    .await
}

/// CPU milliseconds of each account.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Split {
    /// Asking origins: requests, connections, TLS where there is any, and the event loop.
    pub(crate) http: f64,
    pub(crate) read: f64,
    pub(crate) clean: f64,
    pub(crate) functions: f64,
    pub(crate) sdk: f64,
    pub(crate) servers: f64,
}

impl Split {
    /// What the accounts have since the last call of this; of `total` CPU, the rest is what no account has.
    pub(crate) fn take(total: Duration) -> Self {
        let millis = |account: Account| NANOS[account as usize].swap(0, Ordering::Relaxed) as f64 / 1e6;
        let split = Self {
            http: millis(Account::Get),
            read: millis(Account::Read),
            clean: millis(Account::Clean),
            functions: millis(Account::Functions),
            sdk: millis(Account::Sdk),
            servers: millis(Account::Servers),
        };
        let known = split.http + split.read + split.clean + split.functions + split.sdk + split.servers;
        Self { http: split.http + (total.as_secs_f64() * 1_000.0 - known).max(0.0), ..split }
    }

    /// The same for one of `polls`.
    pub(crate) fn each(self, polls: f64) -> Self {
        Self {
            http: self.http / polls,
            read: self.read / polls,
            clean: self.clean / polls,
            functions: self.functions / polls,
            sdk: self.sdk / polls,
            servers: self.servers / polls,
        }
    }
}

/// Starts logging of what goes wrong, as `filter` says, and listening to the spans that tell whose work it is.
pub(crate) fn listen(filter: Option<&str>) -> crate::Outcome<()> {
    let logs = fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    let accounts = Accounts.with_filter(filter_fn(|metadata| account(metadata).is_some()));
    let logs = logs.with_filter(filter.unwrap_or("warn").parse::<Targets>()?);
    tracing_subscriber::registry().with(accounts).with(logs).try_init()?;
    Ok(())
}

fn account(of: &Metadata<'_>) -> Option<Account> {
    match (of.target(), of.name()) {
        _ if !of.is_span() => None,
        (target, _) if target.starts_with("aws_sdk_") => Some(Account::Sdk),
        (target, "get") if target.starts_with("fetcher") => Some(Account::Get),
        (target, "read") if target.starts_with("fetcher") => Some(Account::Read),
        (target, "clean") if target.starts_with("fetcher") => Some(Account::Clean),
        _ => None,
    }
}

struct Accounts;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Accounts {
    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(account) = context.metadata(id).and_then(account) {
            enter(account);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if context.metadata(id).and_then(account).is_some() {
            leave();
        }
    }
}

fn thread_cpu() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    Duration::from_secs(part(used.tv_sec)) + Duration::from_nanos(part(used.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() {
        let until = thread_cpu() + Duration::from_millis(5);
        while thread_cpu() < until {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn work_within_an_account_is_not_on_the_account_around_it() {
        enter(Account::Sdk);
        work();
        enter(Account::Servers);
        work();
        work();
        leave();
        leave();
        work();
        let split = Split::take(Duration::from_millis(100));
        assert!(split.sdk >= 5.0 && split.servers >= 10.0, "each has its own: {split:?}");
        assert!(
            (split.sdk + split.servers + split.http - 100.0).abs() < 1e-6,
            "the rest is what no account has: {split:?}"
        );
    }
}
