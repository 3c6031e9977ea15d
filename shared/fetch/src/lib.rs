//! The only way out to the internet: one guarded, polite, bounded GET, and what came back as a [`domain::response::Response`].
//!
//! Every outgoing request of Feedmill goes through a [`Fetcher`]: the address is judged where the socket connects, redirects are seen
//! one by one, bodies end at a limit whatever they were compressed with, and one host is never asked twice at once.
//!
//! It must never store anything, decide when to fetch again, know AWS, read the wall clock (the clock is an argument), use a system
//! proxy, keep cookies, or let anything but [`Reach`] open the way to an address that is not public.

mod address;
mod body;
mod budget;
mod client;
mod error;
mod exchange;
mod explain;
mod headers;
mod hosts;
mod reach;
mod resolver;
mod secrecy;
mod settings;

pub use address::is_public;
pub use error::{BadUrl, FetchError, RedirectTrouble, SettingsError};
pub use exchange::{Fetcher, MAX_REDIRECTS, Request};
pub use headers::LONGEST_WAIT;
pub use reach::{MAX_URL_LENGTH, Reach, check_url, host_key, normalise};
pub use resolver::{Answer, Lookup, Script};
pub use secrecy::{Looks, Userinfo, looks, without_userinfo};
pub use settings::{Clock, Settings};
