//! Every kind of entity that has a short id. Images, workflows and folders will be listed here.

use super::ShortId;

/// A feed at a URL.
pub enum Source {}

/// One entry of a source. Its short id is its number, encrypted.
pub enum Post {}

/// Names a source.
pub type SourceId = ShortId<Source>;

/// Names a post towards people.
pub type PostId = ShortId<Post>;
