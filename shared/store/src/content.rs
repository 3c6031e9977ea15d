//! HTML as posts keep it: compressed, and up to 16 KB of that within the post's own item; the rest belongs to a blob.

use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

use crate::StoreError;

/// The most bytes of compressed HTML that a post's item holds: beyond that every read and write of the post would pay for it.
pub const INLINE_LIMIT: usize = 16 * 1024;
/// No text that comes back is longer: many times what a feed may weigh, so only a forged frame (RFC 8878) reaches it.
const DECODED_LIMIT: u64 = 64 << 20;
/// Up to so many bytes are put by because a frame says that it needs them, before any of it is read.
const BELIEVED: u64 = 1 << 20;
/// Where smaller costs more time than the write units that it saves are worth.
const LEVEL: i32 = 6;

/// A text as it is stored: compressed, unless that would not make it shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Plain(String),
    Zstd(Vec<u8>),
}

impl Text {
    fn pack(text: &str) -> Result<Self, StoreError> {
        let packed = compress(text)?;
        Ok(if packed.len() < text.len() { Self::Zstd(packed) } else { Self::Plain(text.to_owned()) })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Zstd(bytes) => bytes.len(),
        }
    }

    pub(crate) fn attribute(&self) -> AttributeValue {
        match self {
            Self::Plain(text) => AttributeValue::S(text.clone()),
            Self::Zstd(bytes) => AttributeValue::B(Blob::new(bytes.clone())),
        }
    }

    /// The text of an attribute; `None` if it holds no text of ours.
    pub(crate) fn read(attribute: &AttributeValue) -> Option<String> {
        match attribute {
            AttributeValue::S(text) => Some(text.clone()),
            AttributeValue::B(bytes) => unpack(bytes.as_ref()),
            _ => None,
        }
    }
}

/// The HTML of a post, ready to be landed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    pub(crate) summary: Option<Text>,
    pub(crate) content: Kept,
}

/// Where the content of a post is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kept {
    #[default]
    Nowhere,
    Inline(Text),
    InBlob(String),
}

/// A post's HTML, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packed {
    /// All of it fits into the post's item.
    Whole(Body),
    /// The content does not: `blob` has to be in the bucket before the post lands, then [`Body::in_blob`] names it.
    Split {
        /// Everything but the content.
        rest: Body,
        /// The content, compressed.
        blob: Vec<u8>,
    },
}

impl Body {
    /// Packs sanitised HTML. A summary that is too long for one is the content, where there is none; beside a content it is dropped,
    /// since it repeats it.
    ///
    /// # Errors
    /// Only when the compressor has no memory.
    pub fn pack(summary: Option<&str>, content: Option<&str>) -> Result<Packed, StoreError> {
        let summary = summary.map(Text::pack).transpose()?;
        let content = content.map(Text::pack).transpose()?;
        let (summary, content) = match (summary, content) {
            (Some(long), None) if long.len() > INLINE_LIMIT => (None, Some(long)),
            (Some(long), content) if long.len() > INLINE_LIMIT => (None, content),
            both => both,
        };
        Ok(match content {
            None => Packed::Whole(Self { summary, content: Kept::Nowhere }),
            Some(text) if text.len() <= INLINE_LIMIT => Packed::Whole(Self { summary, content: Kept::Inline(text) }),
            Some(text) => Packed::Split { rest: Self { summary, content: Kept::Nowhere }, blob: text.into_blob()? },
        })
    }

    /// The same body with its content in the blob of that name.
    #[must_use]
    pub fn in_blob(self, name: &str) -> Self {
        Self { content: Kept::InBlob(name.to_owned()), ..self }
    }

    /// Bytes that it adds to an item.
    pub(crate) fn len(&self) -> usize {
        let content = match &self.content {
            Kept::Nowhere => 0,
            Kept::Inline(text) => text.len(),
            Kept::InBlob(name) => name.len(),
        };
        self.summary.as_ref().map_or(0, Text::len) + content
    }
}

impl Text {
    /// A blob is always compressed, even where that does not help.
    fn into_blob(self) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Plain(text) => compress(&text),
            Self::Zstd(bytes) => Ok(bytes),
        }
    }
}

/// The HTML in the bytes of a blob; `None` if they are not what [`Body::pack`] made.
pub fn unpack(bytes: &[u8]) -> Option<String> {
    match get_frame_content_size(bytes).ok()? {
        Some(length) if length <= BELIEVED => unpack_at_once(bytes, usize::try_from(length).ok()?),
        _ => unpack_in_steps(bytes),
    }
}

/// The frame says how long its text is, and has to be right.
fn unpack_at_once(bytes: &[u8], length: usize) -> Option<String> {
    let mut text = Vec::with_capacity(length);
    DECOMPRESSORS.lend(Decompressor::new, |tool| tool.decompress_to_buffer(bytes, &mut text)).ok()?;
    String::from_utf8(text).ok()
}

fn unpack_in_steps(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    let decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
    // One byte more than allowed tells a text at the limit from one beyond it.
    let read = decoder.take(DECODED_LIMIT + 1).read_to_string(&mut text).ok()?;
    (read as u64 <= DECODED_LIMIT).then_some(text)
}

fn compress(text: &str) -> Result<Vec<u8>, StoreError> {
    COMPRESSORS
        .lend(|| Compressor::new(LEVEL), |tool| tool.compress(text.as_bytes()))
        .map_err(|error| StoreError::Other { operation: "compressing a post", source: std::sync::Arc::new(error) })
}

/// Tools that are used again: making one takes longer than what it does to a post. There are as many as were at work at a time, and
/// no more than [`KEPT`] are kept.
struct Tools<T>(Mutex<Vec<T>>);

/// A machine with more cores makes some of them anew.
const KEPT: usize = 8;

static COMPRESSORS: Tools<Compressor<'static>> = Tools(Mutex::new(Vec::new()));
static DECOMPRESSORS: Tools<Decompressor<'static>> = Tools(Mutex::new(Vec::new()));

impl<T> Tools<T> {
    /// `work` with a tool that is free, or a new one. One that failed is not used again.
    fn lend<R>(
        &self,
        make: impl FnOnce() -> std::io::Result<T>,
        work: impl FnOnce(&mut T) -> std::io::Result<R>,
    ) -> std::io::Result<R> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut tool = match free {
            Some(tool) => tool,
            None => make()?,
        };
        let done = work(&mut tool)?;
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT {
            free.push(tool);
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text that does not compress well: four random bits a character.
    fn noise(length: usize) -> String {
        let mut bytes = vec![0; length.div_ceil(2)];
        getrandom::fill(&mut bytes).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..length].to_owned()
    }

    /// What comes back of a content, and whether it went into a blob.
    fn round_trip(content: &str) -> (String, bool) {
        match Body::pack(None, Some(content)).unwrap() {
            Packed::Whole(Body { content: Kept::Inline(text), .. }) => {
                assert!(text.len() <= INLINE_LIMIT);
                (Text::read(&text.attribute()).unwrap(), false)
            }
            Packed::Whole(other) => panic!("{other:?}"),
            Packed::Split { blob, .. } => {
                assert!(blob.len() > INLINE_LIMIT);
                (unpack(&blob).unwrap(), true)
            }
        }
    }

    #[test]
    fn content_goes_to_a_blob_when_it_is_too_long_compressed_not_before() {
        for (text, in_blob) in [
            (String::new(), false),
            ("x".to_owned(), false),
            ("<p>again and again</p>".repeat(20_000), false),
            (noise(16 * 1024), false),
            (noise(30_000), false),
            (noise(40_000), true),
            (noise(2_000_000), true),
        ] {
            let length = text.len();
            assert_eq!(round_trip(&text), (text, in_blob), "{length}");
        }
    }

    #[test]
    fn a_summary_that_is_no_summary_is_the_content_or_goes() {
        let long = noise(50_000);
        let Packed::Split { rest, blob } = Body::pack(Some(&long), None).unwrap() else { panic!("kept inline") };
        assert_eq!((rest, unpack(&blob)), (Body::default(), Some(long.clone())));
        let Packed::Whole(body) = Body::pack(Some(&long), Some("<p>content</p>")).unwrap() else { panic!("split") };
        assert_eq!(body.summary, None);
        assert_eq!(body.content, Kept::Inline(Text::Plain("<p>content</p>".to_owned())));
    }

    #[test]
    fn what_did_not_unpack_stands_in_no_ones_way() {
        let text = noise(40_000);
        let Packed::Split { blob, .. } = Body::pack(None, Some(&text)).unwrap() else { panic!("kept inline") };
        for length in [0, 1, 4, 5, 9, blob.len() / 2, blob.len() - 1] {
            assert_eq!(unpack(&blob[..length]), None, "{length} bytes of {}", blob.len());
            assert_eq!(unpack(&blob).as_ref(), Some(&text));
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,300}") {
            let back = round_trip(&text);
            prop_assert_eq!(back, (text, false));
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(unpack(&bytes));
        }
    }
}
