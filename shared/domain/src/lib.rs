//! What Feedmill's words mean: ids, sources, jobs, the wheel, landing, and the decisions between them.
//!
//! Pure: values in (the time and randomness included), values out. It must never do I/O, read a clock, run async code or know AWS.

pub mod account;
pub mod backoff;
pub mod carry;
mod caseless;
pub mod decide;
pub mod failure;
pub mod folder;
pub mod id;
pub mod job;
pub mod label;
pub mod landing;
pub mod listing;
pub mod message;
pub mod parsed;
pub mod plan;
pub mod preferences;
pub mod private;
pub mod reading;
pub mod repeat;
pub mod response;
pub mod shape;
pub mod share;
pub mod source;
pub mod subscription;
pub mod time;
pub mod timing;
pub mod triage;
pub mod wheel;
pub mod window;
