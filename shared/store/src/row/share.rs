//! A shared post.

use domain::share::Share;

use super::{Cells, Item, Row, number, text, time};
use crate::error::StoreError;
use crate::key::Key;

/// A share as the item under `key`: its own, or its line among all that is its user's.
pub(crate) fn share_item(key: &Key, share: &Share) -> Item {
    Cells::under(key)
        .with("share", text(share.id.as_str()))
        .with("user", text(share.user.to_string()))
        .with("post", number(share.post.get()))
        .with("created_at", time(share.created_at))
        .item()
}

/// The share in either item.
pub(crate) fn share(item: &Item) -> Result<Share, StoreError> {
    let row = Row::of("share", item)?;
    Ok(Share {
        id: row.parsed("share")?,
        user: row.parsed("user")?,
        post: domain::id::PostNumber::new(row.number("post")?).ok_or_else(|| row.corrupt("post"))?,
        created_at: row.time("created_at")?,
    })
}
