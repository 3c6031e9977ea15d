//! The process is stopped before and after every call of what it does, and the cloud is rude: the end is always the same.
#![allow(missing_docs, reason = "tests")]

mod end;
mod feed;
mod layer;
mod soak;
mod stories;
mod wheel;
mod world;
