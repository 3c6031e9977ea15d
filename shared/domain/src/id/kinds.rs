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

/// A program that acts for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {}

impl Kind for Token {
    const NAME: &'static str = "token";
}

impl Random for Token {}

/// Names one token of a user.
pub type TokenId = ShortId<Token>;

/// A person who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {}

impl Kind for Session {
    const NAME: &'static str = "session";
}

impl Random for Session {}

/// Names one session of a user.
pub type SessionId = ShortId<Session>;

/// A door for one new person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invitation {}

impl Kind for Invitation {
    const NAME: &'static str = "invitation";
}

impl Random for Invitation {}

/// Names one invitation by a user.
pub type InvitationId = ShortId<Invitation>;

/// A way back for one who forgot the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {}

impl Kind for Reset {
    const NAME: &'static str = "reset link";
}

impl Random for Reset {}

/// Names one reset link of a user.
pub type ResetId = ShortId<Reset>;

/// Where a user keeps subscriptions.
pub enum Folder {}

impl Kind for Folder {
    const NAME: &'static str = "folder";
}

impl Random for Folder {}

/// Names one folder of a user.
pub type FolderId = ShortId<Folder>;

/// A post by a link.
pub enum Share {}

impl Kind for Share {
    const NAME: &'static str = "share";
}

impl Random for Share {}

/// Names one share of a user.
pub type ShareId = ShortId<Share>;
