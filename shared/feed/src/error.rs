//! Why bytes could not be read as a feed.

use domain::failure::{ErrorCode, Failure};

/// Bytes that are no feed, or one that a limit refuses.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Nothing, or nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// HTML.
    #[error("this is a web page, not a feed")]
    WebPage,
    /// Something else.
    #[error("this is not a feed: it is neither RSS, Atom nor JSON Feed")]
    NotAFeed,
    /// A feed, but not one that can be read to its end.
    #[error("this looks like a feed but is broken: {what}")]
    Broken {
        /// What is wrong, without anything the document says.
        what: &'static str,
    },
    /// HTML of an entry that the cleaner fails on.
    #[error("the HTML of an entry cannot be cleaned")]
    Unclean,
    /// A limit that protects the process.
    #[error("the feed is refused: {what}, more than the {limit} allowed")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much may be.
        limit: usize,
    },
}

impl FeedError {
    /// As a FAILED job records it.
    pub fn failure(&self) -> Failure {
        let code = match self {
            Self::Empty => ErrorCode::Empty,
            Self::WebPage | Self::NotAFeed | Self::Broken { .. } => ErrorCode::NotAFeed,
            Self::Unclean | Self::Limit { .. } => ErrorCode::FeedLimits,
        };
        Failure::new(code, self.to_string())
    }
}
