//! What the HTTP function answers, on real tables, queues and buckets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod accounts;
mod conventions;
mod events;
mod greader;
mod jobs;
mod places;
mod portable;
mod posts;
mod preferences;
mod problems;
mod reading;
mod shares;
mod sources;
mod stats;
mod subscriptions;
mod world;
