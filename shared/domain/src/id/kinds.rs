//! Every kind of thing that has a short id. A new kind is three lines here and nothing elsewhere.

use super::ShortId;

/// What a [`ShortId`] names.
pub trait Kind: 'static {
    /// The kind in a sentence, as in "not a source id".
    const NAME: &'static str;
}

/// A kind whose ids are drawn at random (and written on condition that nobody else drew the same).
pub trait Random: Kind {}

/// A feed that is polled.
pub enum Source {}

impl Kind for Source {
    const NAME: &'static str = "source";
}

impl Random for Source {}

/// Names one source.
pub type SourceId = ShortId<Source>;

/// The public face of a post. Not random: [`super::PostFace`] computes it from the post's number.
pub enum Post {}

impl Kind for Post {
    const NAME: &'static str = "post";
}

/// Names one post to people; what is stored is its [`super::PostNumber`].
pub type PostId = ShortId<Post>;
