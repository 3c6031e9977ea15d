//! What one chunk writes, action by action. Pure.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::id::PostNumber;
use domain::parsed::NaturalKey;
use domain::source::SourceState;

use super::Chunk;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::posts::{edit, natural_item, post_item};
use crate::row::{self, Item, bytes, number, text};
use crate::write::{ABSENT, Write, put_if_absent};

/// What an action of a landing is for; in the order of the actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Job,
    Head,
    Poll,
    Pointer,
    Natural(NaturalKey),
    Post,
    Edit(PostNumber),
}

/// The actions of a chunk, and what each is for.
pub(super) fn of(
    chunk: &Chunk<'_>,
    sources: &str,
    posts: &str,
) -> Result<(Vec<Role>, Vec<TransactWriteItem>), StoreError> {
    let mut actions = vec![
        (Role::Job, job(chunk, sources)?),
        (Role::Head, head(chunk, sources)?),
        (Role::Poll, poll(chunk).update(sources)?),
    ];
    if chunk.touches_pointer {
        actions.push((Role::Pointer, pointer(chunk).update(sources)?));
    }
    for post in chunk.posts {
        let natural = put_if_absent(sources, key::PK, natural_item(chunk.source, post))?;
        actions.push((Role::Natural(post.facts.key()), natural));
        let item = post_item(chunk.source, post, chunk.retention);
        actions.push((Role::Post, put_if_absent(posts, key::NUMBER, item)?));
    }
    for post in chunk.edits {
        actions.push((Role::Edit(post.number), edit(chunk.source, post).update(posts)?));
    }
    Ok(actions.into_iter().unzip())
}

/// The last chunk ends the job; the others must not go on once someone else ended it.
fn job(chunk: &Chunk<'_>, sources: &str) -> Result<TransactWriteItem, StoreError> {
    match chunk.last {
        Some(finished) => put_if_absent(sources, key::PK, row::finished_item(finished)?),
        None => Write::to(Key::job(chunk.source, chunk.job)).when(ABSENT).check(sources),
    }
}

/// The ordinals that follow the count as read are taken; with edits only there is nothing to write, unless the feed calls itself
/// otherwise than before, or its first landing ends.
fn head(chunk: &Chunk<'_>, sources: &str) -> Result<TransactWriteItem, StoreError> {
    let mut condition = "#state = :active AND #post_count = :seen".to_owned();
    let mut write = Write::to(Key::head(chunk.source))
        .bind(":active", text(SourceState::Active.as_str()))
        .bind(":seen", number(chunk.head.post_count.get()));
    let mut sets = Vec::new();
    if !chunk.posts.is_empty() {
        let mut recent = chunk.head.recent.clone();
        recent.extend(chunk.posts.iter().map(|post| post.number));
        sets.push("#post_count = :count, #recent = :recent".to_owned());
        write = write.bind(":count", number(chunk.post_count().get())).bind(":recent", bytes(recent.to_bytes()));
    }
    if let Some(through) = chunk.begins() {
        sets.push("#first_through = :through".to_owned());
        write = write.bind(":through", number(through.get()));
    }
    let news = chunk.news();
    for (name, value) in news.into_iter().flatten() {
        sets.push(format!("#{name} = :{name}"));
        write = write.bind(&format!(":{name}"), text(value));
    }
    if news.iter().any(Option::is_some) {
        sets.push("#version = :next".to_owned());
        condition.push_str(" AND #version = :version");
        write = write.bind(":version", number(chunk.head.version)).bind(":next", number(chunk.head.version + 1));
    }
    let write = write.when(condition);
    if sets.is_empty() {
        write.check(sources)
    } else {
        write.change(format!("SET {}", sets.join(", "))).update(sources)
    }
}

/// The window, whether the landing goes on, and the mark by which a lost answer is resolved.
fn poll(chunk: &Chunk<'_>) -> Write {
    let write = Write::to(Key::poll(chunk.source))
        .when("#version = :seen")
        .bind(":seen", number(chunk.poll.version))
        .bind(":next", number(chunk.poll.version + 1))
        .bind(":window", bytes(chunk.window.to_bytes()))
        .bind(":token", text(&chunk.token));
    let always = "SET #window = :window, #version = :next, #token = :token";
    match chunk.still_open() {
        Some(first) => write.change(format!("{always}, #open_landing = :first")).bind(":first", number(first.get())),
        None => write.change(format!("{always} REMOVE #open_landing")),
    }
}

/// Whether a poll state bears the mark of that attempt.
pub(super) fn is_marked(poll: &Item, token: &str) -> bool {
    poll.get("token").is_some_and(|there| there.as_s().is_ok_and(|there| there == token))
}

/// The next job must know that a landing is open, whoever queues it.
fn pointer(chunk: &Chunk<'_>) -> Write {
    let write = Write::to(Key::pointer(chunk.source))
        .when("#job = :job AND attribute_not_exists(#closed)")
        .bind(":job", text(chunk.job.to_string()));
    match chunk.last {
        Some(_) => write.change("REMOVE #open"),
        None => write.change("SET #open = :open").bind(":open", AttributeValue::Bool(true)),
    }
}
