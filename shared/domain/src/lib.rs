//! What Feedmill's words mean: ids, sources, jobs, the wheel, landing, and the decisions between them.
//!
//! Pure: values in (the time and randomness included), values out. It must never do I/O, read a clock, run async code or know AWS.

pub mod failure;
pub mod parsed;
pub mod response;
pub mod time;
