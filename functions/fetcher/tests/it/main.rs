//! The fetcher against the servers of one machine and a scripted origin: every way a delivery can go.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

mod announcing;
mod batches;
mod breaker;
mod budget;
mod chunks;
mod etiquette;
mod events;
mod failures;
mod feeds;
mod gone;
mod landing;
mod marking;
mod overtaken;
mod poison;
mod private;
mod redelivery;
mod spread;
mod telling;
mod units;
mod world;
