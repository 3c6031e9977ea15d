//! What holds for every request and answer.

pub(crate) mod crawl;
mod document;
mod frame;
mod limits;
pub(crate) mod logs;
mod origins;
mod page;
pub(crate) mod repeat;
mod schemathesis;
mod strangers;
mod unchanged;
