//! OPML 1.0 and 2.0, the lists of feeds that readers exchange: read from what they really write, and written so that all of them can read it.
//!
//! A row that cannot be taken is named with its line and the reason, and never costs another row.

mod read;
mod scan;
mod write;

use serde::Serialize;

pub use read::{read, read_with_lines};
pub use write::write;

/// Beside control characters, what XML has no way to say (XML 1.0 §2.2).
const UNSAYABLE: [char; 2] = ['\u{fffe}', '\u{ffff}'];

/// A list of feeds in folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Opml {
    /// Plain text.
    pub title: Option<String>,
    /// All folders, each after the one that it is in.
    pub folders: Vec<Folder>,
    /// No two with the same address, in the order of the document.
    pub feeds: Vec<Subscription>,
    /// What could not be taken, in the order of the document. [`write()`] leaves it out.
    pub refused: Vec<Refused>,
}

impl Opml {
    /// The names of a folder and of those around it, outermost first; empty where there is no such folder.
    pub fn path(&self, folder: usize) -> Vec<&str> {
        let mut path = Vec::new();
        let mut at = Some(folder);
        while let Some((number, folder)) = at.and_then(|at| Some((at, self.folders.get(at)?))) {
            path.push(folder.name.as_str());
            // Each folder comes after its parent, so this ends.
            at = folder.parent.filter(|parent| *parent < number);
        }
        path.reverse();
        path
    }
}

/// A folder of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Folder {
    /// Plain text; no two in one place have the same name.
    pub name: String,
    /// The folder that it is in, as a place in [`Opml::folders`] before its own.
    pub parent: Option<usize>,
}

/// A feed of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Absolute, http or https.
    pub url: String,
    /// Plain text.
    pub title: Option<String>,
    /// The web page that the feed belongs to, http or https.
    pub site: Option<String>,
    /// Plain text.
    pub description: Option<String>,
    /// The folders that it is in, as places in [`Opml::folders`], each once; none at the top.
    pub folders: Vec<usize>,
}

/// A row that is no feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Where its tag begins, counted from 1.
    pub line: usize,
    /// Which outline of the document it is, counted from 1.
    pub number: usize,
    /// What it is called; plain text.
    pub title: Option<String>,
    /// Why it was not taken.
    pub reason: Reason,
}

/// Why a row is no feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Neither a feed nor a folder.
    #[error("it has no feed address (xmlUrl)")]
    NoAddress,
    /// Not http or https, or not a URL at all, or one that is too long.
    #[error("its address is no http or https link")]
    BadAddress,
    /// A link to a page (`type="link"`), or to another list (`type="include"`).
    #[error("it is a link to a page or to another list, not a feed")]
    OtherKind,
    /// The document ends within its tag.
    #[error("the file ends in the middle of it")]
    CutOff,
    /// More feeds than a list may have.
    #[error("the list has more feeds than are allowed")]
    TooMany,
}

/// Bytes that are no list of feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    /// Nothing, or nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// Neither an `opml` nor an `outline` element is in it.
    #[error("this is not OPML: it has no outlines")]
    NotOpml,
}
