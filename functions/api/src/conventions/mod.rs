//! What holds for every request and answer, whichever room it is for.

#[allow(dead_code, reason = "the room that limits requests uses it next")]
mod address;
mod document;
#[allow(dead_code, reason = "the room of accounts uses the rest next")]
pub(crate) mod schema;

#[allow(unused_imports, reason = "the room that limits requests uses it next")]
pub(crate) use self::address::ClientAddress;
pub(crate) use self::document::described;
