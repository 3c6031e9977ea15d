//! RSS, RDF and Atom: one pass over the events of the document, then the judgement of what was found.
//!
//! `tokens` (tags and text, however broken) → `walk` and `frames` (which element is open, with `names` for namespaces, `leaf` for the text of one and `entities` for
//! references in it) → `roles` (what an element means where it stands, by rank) and `elements` (what its attributes say) → `fields` (the best source of
//! each field) → `document`.
//!
//! It borrows from the document, never recurses, and is linear in the input.

mod document;
mod elements;
mod entities;
mod fields;
mod frames;
mod leaf;
mod names;
mod roles;
mod tokens;
mod walk;

use domain::parsed::Format;
use url::Url;

use crate::FeedError;
use crate::draft::Document;
use crate::repair::Repairs;
use document::Maker;
use entities::Entities;
use tokens::Tokens;
use walk::Walk;

/// Reads the feed whose `root` tag (its lower-case local name) `text` begins with. `subset` is what its document type declares.
///
/// # Errors
/// [`FeedError::Limit`].
pub(crate) fn read(
    text: &str,
    root: &str,
    subset: &str,
    base: Option<&Url>,
    mut repairs: Repairs,
) -> Result<Document, FeedError> {
    let format = match root {
        "feed" | "entry" => Format::Atom,
        "rdf" => Format::Rdf,
        _ => Format::Rss,
    };
    let mut walk = Walk::new(format == Format::Atom, Entities::new(subset, text.len()), base, text.len());
    walk.has_controls = has_controls(text.as_bytes());
    repairs.note_if(walk.has_controls, "control_characters");
    note_root(text, root, &mut repairs);
    walk.run(Tokens::new(text), &mut repairs)?;
    let Walk { channel, items, .. } = walk;
    let mut document = Maker::new(base, text.len()).document(format, channel, items)?;
    document.feed.repaired = repairs.into_names();
    Ok(document)
}

/// Whether there is a character that XML forbids. Looks at many at once, and therefore at all of them.
fn has_controls(bytes: &[u8]) -> bool {
    let is_control = |byte: u8| (byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    bytes.chunks(4096).any(|chunk| chunk.iter().fold(false, |found, byte| found | is_control(*byte)))
}

/// Names what is odd about the root tag, though nothing depends on it.
fn note_root(text: &str, root: &str, repairs: &mut Repairs) {
    let Some(tokens::Token::Start(tag)) = Tokens::new(text).next() else { return };
    let local = names::local(tag.name);
    repairs.note_if(local != if root == "rdf" { "RDF" } else { root }, "tag_case");
    if root == "rss" {
        let known = ["0.90", "0.91", "0.92", "0.93", "0.94", "2.0"];
        let version = tag.attributes().find(|(name, _)| *name == "version").map(|(_, version)| version);
        repairs.note_if(!version.is_some_and(|version| known.contains(&version)), "rss_version");
    }
}
