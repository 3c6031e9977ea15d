//! What holds for every request and answer, whichever room it is for.

mod address;
mod buckets;
mod document;
mod frame;
mod kept;
pub(crate) mod limits;
mod origins;
mod page;
mod repeat;
pub(crate) mod schema;
mod unchanged;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::address::ClientAddress;
pub(crate) use self::frame::RequestId;
pub(crate) use self::repeat::Draws;
use crate::context::Context;
use crate::problem::Problem;

/// The rooms behind all that holds for every request. What is named last is outermost.
pub(crate) fn around(
    rooms: OpenApiRouter<Arc<Context>>,
    context: &Arc<Context>,
    gate: impl FnOnce(Router) -> Router,
) -> Router {
    let rooms = rooms.merge(page::routes());
    let open = repeat::Open(document::open_posts(&rooms));
    let mut router = document::described(rooms)
        .fallback(|| async { Problem::no_such_path() })
        .method_not_allowed_fallback(|| async { Problem::wrong_method() })
        .layer(from_fn_with_state((Arc::clone(context), open), repeat::once))
        .layer(from_fn_with_state(Arc::clone(context), limits::limited))
        .layer(from_fn(unchanged::unchanged));
    if let Some(cors) = origins::cors(&context.rules.cors_origins) {
        router = router.layer(cors);
    }
    // What the gate refuses has its frame, too.
    gate(router.with_state(Arc::clone(context))).layer(from_fn_with_state(Arc::clone(context), frame::frame))
}
