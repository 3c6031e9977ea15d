//! Reading a body: decompressed here, so that its size is known on both sides and ends at a limit on both.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
use bytes::{BufMut as _, Bytes};
use futures_util::stream;
use http::header::{CONTENT_ENCODING, HeaderMap};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _};
use tokio_util::io::StreamReader;

use crate::budget::{Budget, Share};
use crate::error::FetchError;

/// No feed is compressed more than this many times; honest ones reach about 40.
const MAX_EXPANSION: u64 = 200;

/// Below this many bytes the expansion does not matter.
const EXPANSION_FREE: usize = 1024 * 1024;

/// At most so many bytes are decompressed at a time.
const STEP: usize = 64 * 1024;

/// The most that is read of a body that nobody wants, so that its connection can be used again.
const DRAIN: u64 = 16 * 1024;

/// What was read.
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    /// Before decompression.
    pub(crate) wire_bytes: u64,
}

/// How a body is compressed (RFC 9110 §8.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coding {
    Identity,
    Gzip,
    Brotli,
}

/// Reads a whole body, at most `limit_bytes` of it after decompression. It holds its part of the budget until it is dropped.
pub(crate) async fn read(
    response: reqwest::Response,
    budget: &Budget,
    mut share: Share,
    limit_bytes: u64,
) -> Result<Body, FetchError> {
    let host = response.url().host_str().unwrap_or_default().to_owned();
    let broken = |source: io::Error| FetchError::Protocol { host: host.clone(), source: source.into() };
    let coding = coding(response.headers()).map_err(broken)?;
    // Nothing of a body that says itself that it is too long is read.
    if coding == Coding::Identity && response.content_length().is_some_and(|length| length > limit_bytes) {
        return Err(FetchError::TooLarge { limit_bytes });
    }
    let wire = Arc::new(AtomicU64::new(0));
    let Some(mut reader) = decoded(response, coding, Arc::clone(&wire)).await.map_err(broken)? else {
        return Ok(Body { bytes: Bytes::new(), wire_bytes: 0 });
    };
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    let mut body = Vec::new();
    loop {
        if body.len() == body.capacity() {
            let wanted = (body.len() * 2).clamp(STEP, limit.saturating_add(1).max(STEP));
            budget.grow(&mut share, wanted).await;
            body.reserve_exact(wanted - body.len());
        }
        let room = (body.capacity() - body.len()).min(STEP);
        if reader.read_buf(&mut (&mut body).limit(room)).await.map_err(broken)? == 0 {
            break;
        }
        if body.len() > limit {
            return Err(FetchError::TooLarge { limit_bytes });
        }
        let allowed = wire.load(Ordering::Relaxed).saturating_mul(MAX_EXPANSION);
        if body.len() > EXPANSION_FREE && body.len() as u64 > allowed {
            return Err(FetchError::Expands { limit: MAX_EXPANSION });
        }
    }
    body.shrink_to_fit();
    share.shrink(body.len());
    Ok(Body { bytes: Bytes::from_owner(Held { body, _share: share }), wire_bytes: wire.load(Ordering::Relaxed) })
}

/// Reads the rest of a short body that nobody wants. Whatever goes wrong there matters to nobody: the connection is closed then.
pub(crate) async fn drain(mut response: reqwest::Response) -> u64 {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len() as u64;
        if read > DRAIN {
            break;
        }
    }
    read
}

/// The body with its part of the budget.
struct Held {
    body: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// The decompressing reader, or `None` if there is no body at all, whatever the headers promise.
async fn decoded(
    response: reqwest::Response,
    coding: Coding,
    wire: Arc<AtomicU64>,
) -> io::Result<Option<Pin<Box<dyn AsyncRead + Send>>>> {
    let chunks = stream::try_unfold(response, move |mut response| {
        let wire = Arc::clone(&wire);
        async move {
            let chunk = response.chunk().await.map_err(|error| io::Error::other(error.without_url()))?;
            wire.fetch_add(chunk.as_ref().map_or(0, |chunk| chunk.len() as u64), Ordering::Relaxed);
            Ok::<_, io::Error>(chunk.map(|chunk| (chunk, response)))
        }
    });
    let mut raw = Box::pin(StreamReader::new(chunks));
    if raw.fill_buf().await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(match coding {
        Coding::Identity => raw,
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(raw);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Coding::Brotli => Box::pin(BrotliDecoder::new(raw)),
    }))
}

fn coding(headers: &HeaderMap) -> io::Result<Coding> {
    let mut coding = Coding::Identity;
    let values = headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for token in values.flat_map(|value| value.split(',')) {
        let next = match token.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "br" => Coding::Brotli,
            "deflate" | "compress" | "x-compress" | "zstd" | "dcb" | "dcz" => {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "a compression that was not asked for"));
            }
            // Some servers write `identity`, `none` or a charset there; browsers look past it.
            _ => continue,
        };
        if coding != Coding::Identity {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "compressed twice"));
        }
        coding = next;
    }
    Ok(coding)
}
