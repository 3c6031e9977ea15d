//! Bytes that are too big for the tables, in S3: so far the content of long posts.
//!
//! A [`BlobKey`] owns where a blob lies, what it is and how long it may be cached; it names its owner and, by their hash, its bytes, so a blob
//! never changes. It must never know what a post holds, read a clock, or hand on more bytes than the caller allowed.

mod bucket;
mod error;
mod key;

pub use bucket::{Bucket, Found, Listed, Refused};
pub use error::BlobError;
pub use key::{BlobKey, Owner, Shelf};
