//! The two halves of a source: HEAD for everybody, POLL for the fetcher and the wheel's index.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::Ordinal;
use domain::private::Sealed;
use domain::source::{Head, Poll, Recent, SourceSettings, SourceState, Target};
use domain::timing::Lane;
use domain::window::Window;

use super::{Cells, Item, Row, bytes, number, span, text, time};
use crate::error::StoreError;
use crate::key::{self, Key};

/// What the index `by_slot` projects beside its keys: all that a [`Target`] needs.
pub(crate) const TARGET_ATTRIBUTES: [&str; 8] =
    ["v", "url", "host", "lane", "timeout", "interval", "subscribers", "watched"];

/// The state that is spelled so.
pub(crate) fn state_of(word: &str) -> Option<SourceState> {
    use SourceState::{Active, Deleting, Gone, Moved, Resting};
    [Active, Resting, Gone, Moved, Deleting].into_iter().find(|state| state.as_str() == word)
}

fn lane_of(word: &str) -> Option<Lane> {
    [Lane::Fast, Lane::Slow].into_iter().find(|lane| lane.as_str() == word)
}

/// A head as an item.
pub(crate) fn head_item(head: &Head) -> Item {
    Cells::under(&Key::head(head.source))
        .maybe("owner", head.owner.map(|owner| text(owner.to_string())))
        .with("url", text(&head.url))
        .with("url_keys", AttributeValue::L(head.url_keys.iter().map(text).collect()))
        .maybe("title", head.title.as_ref().map(text))
        .maybe("site", head.site.as_ref().map(text))
        .maybe("icon", head.icon.as_ref().map(text))
        .with("state", text(head.state.as_str()))
        .with("since", time(head.since))
        .maybe("reason", head.reason.as_ref().map(text))
        .with("post_count", number(head.post_count.get()))
        .maybe("first_through", head.first_through.map(|ordinal| number(ordinal.get())))
        .with("recent", bytes(head.recent.to_bytes()))
        .with("floor", number(head.floor_ordinal.get()))
        .with("subscribers", number(head.subscribers))
        .with("watchers", number(head.watchers))
        .with("timeout", span(head.settings.timeout))
        .with("interval", number(head.settings.interval_minutes))
        .with("created_at", time(head.created_at))
        .with("version", number(head.version))
        .item()
}

/// The head in `item`.
pub(crate) fn head(item: &Item) -> Result<Head, StoreError> {
    let row = Row::of("head", item)?;
    Ok(Head {
        source: row.word(key::PK, key::source_of)?,
        owner: row.maybe_parsed("owner")?,
        url: row.text("url")?.to_owned(),
        url_keys: row.texts("url_keys")?,
        title: row.maybe_string("title")?,
        site: row.maybe_string("site")?,
        icon: row.maybe_string("icon")?,
        state: row.word("state", state_of)?,
        since: row.time("since")?,
        reason: row.maybe_string("reason")?,
        post_count: Ordinal::new(row.number("post_count")?),
        first_through: row.maybe_number("first_through")?.map(Ordinal::new),
        recent: Recent::from_bytes(row.bytes("recent")?).ok_or_else(|| row.corrupt("recent"))?,
        floor_ordinal: Ordinal::new(row.number("floor")?),
        subscribers: row.number("subscribers")?,
        watchers: row.number("watchers")?,
        settings: settings(row)?,
        created_at: row.time("created_at")?,
        version: row.number("version")?,
    })
}

fn settings(row: Row<'_>) -> Result<SourceSettings, StoreError> {
    Ok(SourceSettings { timeout: row.span("timeout")?, interval_minutes: row.number("interval")? })
}

/// The fetcher's part of a source that is polled, as an item.
pub(crate) fn poll_item(poll: &Poll) -> Item {
    let target = &poll.target;
    Cells::under(&Key::poll(target.source))
        .with("slot", text(key::slot(target.slot)))
        .with("source", text(target.source.to_string()))
        .maybe("url", target.url.as_ref().map(text))
        .with("host", text(&target.host))
        .with("lane", text(target.lane.as_str()))
        .with("timeout", span(target.settings.timeout))
        .with("interval", number(target.settings.interval_minutes))
        .with("subscribers", number(target.subscribers))
        .flag("watched", target.watched)
        .with("window", bytes(poll.window.to_bytes()))
        .maybe("sealed", poll.sealed.as_ref().map(|sealed| bytes(sealed.as_bytes())))
        .maybe("open_landing", poll.open_landing.map(|ordinal| number(ordinal.get())))
        .with("version", number(poll.version))
        .item()
}

/// The fetcher's part of a source.
pub(crate) fn poll(item: &Item) -> Result<Poll, StoreError> {
    let row = Row::of("poll state", item)?;
    Ok(Poll {
        target: target(item)?,
        window: Window::from_bytes(row.bytes("window")?).ok_or_else(|| row.corrupt("window"))?,
        open_landing: row.maybe_number("open_landing")?.map(Ordinal::new),
        sealed: row
            .raw("sealed")
            .map(|_| row.bytes("sealed").map(|blob| Sealed::from_bytes(blob.to_vec())))
            .transpose()?,
        version: row.number("version")?,
    })
}

/// What a message needs, from POLL or from the index. The slot of a source that is not polled is the one it had (`home`).
pub(crate) fn target(item: &Item) -> Result<Target, StoreError> {
    let row = Row::of("target", item)?;
    let slot = row.maybe_text("slot")?.and_then(key::slot_of);
    let slot = match slot {
        Some(slot) => slot,
        None => row.word("home", key::slot_of)?,
    };
    Ok(Target {
        source: row.parsed("source")?,
        slot,
        url: row.maybe_string("url")?,
        host: row.text("host")?.to_owned(),
        lane: row.word("lane", lane_of)?,
        settings: settings(row)?,
        subscribers: row.number("subscribers")?,
        watched: row.flag("watched"),
    })
}

/// Whether the wheel comes by this POLL item.
pub(crate) fn is_polled(item: &Item) -> bool {
    item.get("slot").and_then(|slot| slot.as_s().ok()).is_some_and(|slot| key::slot_of(slot).is_some())
}
