//! RSS, RDF and Atom, read by feed-rs behind the guard.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use feed_rs::model::Feed;
use feed_rs::parser::{Builder, ParseFeedError};
use url::Url;

use crate::repair::Repairs;
use crate::{FeedError, guard};

/// Reads a feed whose `root` tag is followed by `rest`.
///
/// # Errors
/// [`FeedError::Limit`] or [`FeedError::Broken`].
pub(crate) fn read(root: &str, rest: &str, base: Option<&Url>, repairs: &mut Repairs) -> Result<Feed, FeedError> {
    let extent = guard::check_xml(root, rest, base.map_or(0, |base| base.as_str().len()))?;
    if !extent.tail.is_empty() {
        repairs.note("entries_cut");
    }
    let document = root.as_bytes().chain(&rest.as_bytes()[..extent.len]).chain(extent.tail.as_bytes());
    let parse = || {
        // Without this, an entry without guid and link gets a new id at each poll.
        let parser =
            Builder::new().base_uri(base).id_generator(|_, _, _| String::new()).sanitize_content(false).build();
        parser.parse(document)
    };
    let what = match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(Ok(feed)) => return Ok(feed),
        Ok(Err(ParseFeedError::XmlReader(_))) => "its XML is cut off or not well-formed",
        Ok(Err(_)) => "a required part is missing or of an unknown kind",
        Err(_panic) => "it cannot be read to its end",
    };
    Err(FeedError::Broken { what })
}
