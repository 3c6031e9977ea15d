//! What holds for every request and answer.

mod document;
mod frame;
mod limits;
pub(crate) mod logs;
mod origins;
mod repeat;
mod unchanged;
