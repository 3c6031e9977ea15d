//! Feedmill on one machine: the functions, the servers that stand in for the cloud, and the command line, in one process.
//!
//! The functions are the same as in the cloud, get the same events and use the same clients; only endpoints differ. It must never know
//! a table, decide what a function decides, reach a function in another way than the platform does, or be reachable from outside this
//! machine over plain HTTP.

pub mod cli;
pub mod client;
pub mod data;
pub mod demo;
pub mod emulate;
pub mod front;
pub mod gate;
mod idle;
pub mod install;
pub mod journal;
pub mod key;
pub mod listen;
pub mod machine;
pub mod migrate;
pub mod names;
pub mod parse;
pub mod progress;
pub mod pump;
pub mod reader;
pub mod run;
pub mod shapes;
pub mod show;
pub mod signals;
pub mod stats;
pub mod table;
pub mod trouble;
pub mod up;
pub mod user;
pub mod words;
