//! The Google Reader API, as reader apps speak it: each row of docs/READER_APPS.md, and what apps are known to do besides.

mod app;
mod lists;
mod marks;
mod signing_in;
mod strangers;
mod subscriptions;

pub(crate) use app::App;
