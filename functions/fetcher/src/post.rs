//! From an entry to what is stored of it: cleaned, packed, long content in the bucket. Only for entries that are new or changed.

use std::collections::HashMap;

use blob::Owner;
use boot::logs::causes;
use domain::failure::{ErrorCode, Failure};
use domain::id::SourceId;
use domain::parsed::Item;
use domain::time::Timestamp;
use feed::Draft;
use store::{Body, Packed, PostFacts};

use crate::Context;

/// Cleans and packs `drafts` of `source` off the event loop, so that no other source's answer waits for it, then stores their blobs.
///
/// What cannot be done now may be done later ([`Unprepared::Later`]), or never ([`Unprepared::Never`]).
pub(crate) async fn prepare(
    ctx: &Context,
    source: SourceId,
    drafts: Vec<(usize, Draft)>,
    arrived: Timestamp,
) -> Result<HashMap<usize, PostFacts>, Unprepared> {
    let pack_all = || drafts.into_iter().map(pack).collect::<Result<Vec<_>, _>>();
    let packed = ctx.desk.work(move || tracing::trace_span!("clean").in_scope(pack_all));
    let packed = match packed.await {
        Ok(packed) => packed?,
        Err(error) => {
            tracing::error!(error = causes(&error), "packing posts failed");
            return Err(Failure::new(ErrorCode::FeedLimits, "an entry of this feed cannot be packed").into());
        }
    };
    let mut facts = HashMap::with_capacity(packed.len());
    for (index, item, packed) in packed {
        let body = match packed {
            Packed::Whole(body) => body,
            // Before the transaction that names it; if that never comes, the sweep finds it.
            Packed::Split { rest, blob } => match ctx.blobs.put(Owner::Post(source, item.key), blob.into()).await {
                Ok(key) => rest.in_blob(&key.name()),
                Err(error) => {
                    tracing::warn!(error = causes(&error), "a post's content could not be stored");
                    return Err(if error.is_retryable() { Unprepared::Later } else { not_stored().into() });
                }
            },
        };
        facts.insert(index, PostFacts::of(&item, body, arrived));
    }
    Ok(facts)
}

/// Why posts are not prepared.
pub(crate) enum Unprepared {
    /// It may work later.
    Later,
    /// It will not, whoever tries.
    Never(Failure),
}

impl From<Failure> for Unprepared {
    fn from(failure: Failure) -> Self {
        Self::Never(failure)
    }
}

/// Something stands in the way that does not go by itself.
pub(crate) fn not_stored() -> Failure {
    Failure::new(ErrorCode::NotStored, "what is new could not be stored; the log says why")
}

fn pack((index, draft): (usize, Draft)) -> Result<(usize, Item, Packed), Failure> {
    let item = draft.finish().map_err(|error| error.failure())?;
    let packed = Body::pack(item.summary.as_deref(), item.content.as_deref()).map_err(|error| {
        tracing::error!(error = causes(&error), "a post could not be packed");
        not_stored()
    })?;
    Ok((index, item, packed))
}
