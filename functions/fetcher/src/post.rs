//! From an entry to what is stored of it: cleaned, packed, long content in the bucket. Only for entries that are new or changed.

use std::collections::HashMap;

use boot::logs::causes;
use domain::parsed::Item;
use domain::time::Timestamp;
use feed::Draft;
use store::{Body, Packed, PostFacts, StoreError};
use tokio::task::spawn_blocking;

use crate::Context;

/// Cleans and packs `drafts` off the event loop, so that no other source's answer waits for it, then stores their blobs.
///
/// `None` if that could not be done now.
pub(crate) async fn prepare(
    ctx: &Context,
    drafts: Vec<(usize, Draft)>,
    arrived: Timestamp,
) -> Option<HashMap<usize, PostFacts>> {
    let packed = spawn_blocking(move || drafts.into_iter().map(pack).collect::<Result<Vec<_>, _>>());
    let packed = match packed.await {
        Ok(Ok(packed)) => packed,
        Ok(Err(error)) => {
            tracing::error!(error = causes(&error), "posts could not be packed");
            return None;
        }
        Err(error) => {
            tracing::error!(error = causes(&error), "cleaning posts failed");
            return None;
        }
    };
    let mut facts = HashMap::with_capacity(packed.len());
    for (index, item, packed) in packed {
        let body = match packed {
            Packed::Whole(body) => body,
            // Before the transaction that names it; if that never comes, the sweep finds it.
            Packed::Split { rest, blob } => match ctx.blobs.put_content(blob.into()).await {
                Ok(key) => rest.in_blob(key.hash()),
                Err(error) => {
                    tracing::warn!(error = causes(&error), "a post's content could not be stored");
                    return None;
                }
            },
        };
        facts.insert(index, PostFacts::of(&item, body, arrived));
    }
    Some(facts)
}

fn pack((index, draft): (usize, Draft)) -> Result<(usize, Item, Packed), StoreError> {
    let item = draft.finish();
    let packed = Body::pack(item.summary.as_deref(), item.content.as_deref())?;
    Ok((index, item, packed))
}
