//! What holds for every request and answer.

mod document;
mod frame;
mod limits;
mod logs;
mod origins;
mod repeat;
mod unchanged;
