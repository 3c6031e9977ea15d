//! Bytes of any feed to [`Parsed`]: charset, repair, own reading, own identity, sanitised HTML.
//!
//! Sync and total: no input may abort or panic, and the work is linear in the input. It must never do I/O, read a clock, or hand on HTML or links that were
//! not judged.
//!
//! The way through its rooms: `decode` (bytes to text) → `front` (finds the feed) → `xml` (RSS, RDF, Atom) or `json` → `identity` (key and content hash of
//! each entry) → `sanitise` (on [`Draft::finish`], for those entries alone that are wanted). `docs/FEEDS.md` tells it at length.

mod convert;
mod date;
mod decode;
pub mod discover;
mod draft;
mod entities;
mod error;
mod front;
mod guard;
mod html;
mod identity;
mod json;
mod lanes;
mod links;
pub mod opml;
mod repair;
mod sanitise;
mod swar;
mod tags;
mod text;
mod xml;

use domain::parsed::Parsed;

pub use convert::MAX_MANY;
pub use draft::{Document, Draft};
pub use error::FeedError;
pub use links::MAX_LINK;
pub use text::MAX_LINE;

use front::Body;
use repair::Repairs;

/// Reads a whole feed: `bytes` as the server sent them (decompressed), its `Content-Type`, and the URL they came from.
///
/// # Errors
/// [`FeedError`] when it is no feed, or one that a limit refuses.
pub fn parse(bytes: &[u8], content_type: Option<&str>, base: &str) -> Result<Parsed, FeedError> {
    read(bytes, content_type, base)?.finish()
}

/// Reads a feed without cleaning its HTML, which is most of the work: a caller that knows an entry's key and content hash already need not
/// [finish](Draft::finish) it.
///
/// # Errors
/// As [`parse`].
pub fn read(bytes: &[u8], content_type: Option<&str>, base: &str) -> Result<Document, FeedError> {
    if bytes.trim_ascii().is_empty() {
        return Err(FeedError::Empty);
    }
    let base = links::base(base);
    let mut repairs = Repairs::default();
    let text = decode::decode(bytes, content_type, &mut repairs);
    let mut document = match body(&text, &mut repairs)? {
        Body::Xml { text, root, subset } => xml::read(text, root, subset, base.as_ref(), repairs)?,
        Body::Json(text) => json::read(text, base.as_ref(), repairs)?,
    };
    document.drafts.retain(|draft| !draft.is_blank());
    identity::assign(&mut document, base.as_ref());
    Ok(document)
}

fn body<'a>(text: &'a str, repairs: &mut Repairs) -> Result<Body<'a>, FeedError> {
    if let Some(json) = json::find(text, repairs) {
        return Ok(Body::Json(json));
    }
    front::find(text, repairs).or_else(|error| json::find_behind_junk(text, repairs).map(Body::Json).ok_or(error))
}

/// Cleans HTML from elsewhere by the same rules: what it gives is safe to show, with links made absolute against `base`. `None` if nothing is left.
pub fn clean_html(html: &str, base: &str) -> Option<String> {
    sanitise::html(html, None, links::base(base).as_ref())
}

/// [`clean_html`] by the fast way (`None` if it has to take the slow one) and by the slow one. For tests alone: the two must not differ.
#[doc(hidden)]
pub fn clean_both_ways(html: &str, base: &str) -> (Option<String>, Option<String>) {
    sanitise::both_ways(html, links::base(base).as_ref())
}

/// As [`clean_html`] of HTML whose tokens were written down before. For tests alone: that must not make a difference.
#[doc(hidden)]
pub fn clean_from_tape(html: &str, base: &str) -> Option<String> {
    sanitise::html(html, Some(&html::Tape::of(html)), links::base(base).as_ref())
}

/// Whether `html` would pass for clean as it is, and what the judge makes of it. For tests alone: if it does, the same.
#[doc(hidden)]
pub fn prove_and_judge(html: &str) -> (bool, String) {
    sanitise::proof_and_judgement(html)
}

/// A date as feeds write it. For tests alone.
#[doc(hidden)]
pub fn parse_date(text: &str) -> Option<domain::time::Timestamp> {
    date::parse(text)
}
