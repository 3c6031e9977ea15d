//! Lists: which posts, by number, and where the next page goes on.

use std::time::Duration;

use domain::id::{PostNumber, UserId};
use domain::listing::{Ask, Cursor, Listed, Merge, Place, Step};
use domain::reading::{Order, Status};
use futures_util::future::try_join_all;
use store::{Flag, Kept, KeptRange};

use super::ground::Ground;
use super::selection::{Scope, Selection};
use super::stocks::Freshness;
use crate::context::Context;
use crate::problem::Problem;

/// Questions to the index at a time.
const AT_ONCE: usize = 64;
/// Kept posts that are read at a time, where some of them may not be wanted.
const KEPT_AT_ONCE: usize = 1_000;
/// A post that landed so long ago is in the index, if it is there at all.
const SETTLED: Duration = Duration::from_secs(600);

/// A page of numbers.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// The posts, in the order of the list.
    pub(crate) listed: Vec<Listed>,
    /// Where the list goes on.
    pub(crate) next: Option<String>,
}

/// A page in the making.
pub(super) enum Run<'a> {
    /// Of sources.
    Merged(Box<Merge<'a>>),
    /// Of what a person keeps.
    Kept(KeptRun),
}

/// A page of what a person keeps.
pub(super) struct KeptRun {
    /// With whether each is read.
    pub(super) kept: Vec<(Kept, bool)>,
    /// Behind the last of the page.
    more: bool,
    /// The last post before the page.
    before: Option<PostNumber>,
}

impl Run<'_> {
    /// The posts of the page.
    pub(super) fn listed(&self) -> Vec<Listed> {
        match self {
            Self::Merged(merge) => merge.page().collect(),
            Self::Kept(run) => run.kept.iter().map(|(kept, _)| kept.listed).collect(),
        }
    }

    /// Where the list goes on behind the first `shown` posts.
    fn next(&self, shown: usize) -> Option<Vec<u8>> {
        match self {
            Self::Merged(merge) => merge.cursor(shown).map(|cursor| cursor.to_bytes()),
            Self::Kept(run) if shown >= run.kept.len() && !run.more => None,
            Self::Kept(run) => {
                let last = shown.checked_sub(1).map(|at| run.kept[at].0.listed.number);
                Some(last.or(run.before).map_or(Vec::new(), |number| number.get().to_be_bytes().to_vec()))
            }
        }
    }
}

impl Context {
    /// Numbers alone, without reading a post: up to `limit` of them from `cursor` on.
    pub(crate) async fn numbers(
        &self,
        user: UserId,
        selection: &Selection,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Numbers, Problem> {
        let ground = self.ground_of(user, selection).await?;
        let run = self.run(user, &ground, selection, cursor, limit).await?;
        let listed = run.listed();
        Ok(Numbers { next: self.onward(user, selection, &run, listed.len())?, listed })
    }

    /// What a list stands on. What a person keeps outlives their subscriptions, which tell only what of it was read.
    pub(super) async fn ground_of(&self, user: UserId, selection: &Selection) -> Result<Ground, Problem> {
        match &selection.kept {
            None => self.ground(user, &selection.scope, Freshness::Recent).await,
            Some(_) => self.read_of(user, &Scope::Everything).await,
        }
    }

    /// Makes a page.
    pub(super) async fn run<'a>(
        &self,
        user: UserId,
        ground: &'a Ground,
        selection: &Selection,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Run<'a>, Problem> {
        let place = cursor.map(|cursor| self.cursors.open_bytes(&selection.name(user), cursor)).transpose()?;
        match &selection.kept {
            Some(flag) => {
                let before = place.map(|place| kept_place(&place)).transpose()?.flatten();
                self.run_kept(user, ground, selection, flag, before, limit).await.map(Run::Kept)
            }
            None => {
                let read = |place: Vec<u8>| Cursor::from_bytes(selection.order, &place);
                let cursor = place.map(read).transpose().map_err(|_| Problem::bad_cursor())?;
                self.merge(ground, selection, cursor.as_ref(), limit).await
            }
        }
    }

    async fn merge<'a>(
        &self,
        ground: &'a Ground,
        selection: &Selection,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Run<'a>, Problem> {
        let lanes = ground.lanes().map(|(stock, subscription)| (stock, Some(&subscription.read)));
        let settled = PostNumber::first_at(self.now() - SETTLED);
        let mut merge = Box::new(Merge::new(selection.wanted(), lanes, cursor, settled, limit));
        while let Step::Ask(asks) = merge.advance() {
            for some in asks.chunks(AT_ONCE) {
                for (ask, places) in self.answers(some).await? {
                    merge.learn(&ask, &places);
                }
            }
        }
        Ok(Run::Merged(merge))
    }

    async fn answers(&self, asks: &[Ask]) -> Result<Vec<(Ask, Vec<Place>)>, Problem> {
        try_join_all(asks.iter().map(|ask| self.answer(*ask))).await
    }

    async fn answer(&self, ask: Ask) -> Result<(Ask, Vec<Place>), Problem> {
        let known = self.places.recall(&ask);
        if !known.is_empty() {
            // What lies behind is another question.
            return Ok((Ask { limit: known.len(), ..ask }, known));
        }
        let places = self.store.places(&ask).await?;
        self.places.learn(&ask, &places);
        Ok((ask, places))
    }

    async fn run_kept(
        &self,
        user: UserId,
        ground: &Ground,
        selection: &Selection,
        flag: &Flag,
        before: Option<PostNumber>,
        limit: usize,
    ) -> Result<KeptRun, Problem> {
        let (mut kept, mut at, mut more) = (Vec::new(), before, true);
        let plain = selection.status == Status::All && selection.scope == Scope::Everything;
        let mut ground = ground.clone();
        while more && kept.len() <= limit {
            let missing = limit + 1 - kept.len();
            let at_once = if plain { missing } else { missing.max(KEPT_AT_ONCE) };
            let some = self.store.kept(user, flag, behind(selection, at), at_once).await?;
            more = some.len() == at_once;
            at = some.last().map(|kept| kept.listed.number).or(at);
            self.look_below(&mut ground, some.iter().map(|kept| (kept.listed.source, kept.listed.ordinal))).await?;
            let some = some.into_iter().map(|kept| (ground.is_read(kept.listed.source, kept.listed.ordinal), kept));
            let some = some.filter(|(read, kept)| wants(selection, &ground, kept, *read));
            kept.extend(some.map(|(read, kept)| (kept, read)));
        }
        let more = kept.len() > limit;
        kept.truncate(limit);
        Ok(KeptRun { kept, more, before })
    }

    /// The cursor behind the first `shown` posts of a page.
    pub(super) fn onward(
        &self,
        user: UserId,
        selection: &Selection,
        run: &Run<'_>,
        shown: usize,
    ) -> Result<Option<String>, Problem> {
        let place = run.next(shown);
        Ok(place.map(|place| self.cursors.seal_bytes(&selection.name(user), &place)))
    }
}

fn wants(selection: &Selection, ground: &Ground, kept: &Kept, read: bool) -> bool {
    let subscription = ground.subscription(kept.listed.source);
    let scoped = match &selection.scope {
        Scope::Everything => true,
        Scope::Sources(sources) => sources.contains(&kept.listed.source),
        Scope::Folder(_) => subscription.is_some_and(|subscription| selection.scope.holds(subscription)),
    };
    scoped && selection.wants(read)
}

/// The part of a list of kept posts that lies behind a post.
fn behind(selection: &Selection, at: Option<PostNumber>) -> KeptRange {
    let Selection { order, above, below, .. } = *selection;
    match order {
        Order::NewestFirst => KeptRange { order, above, below: at.or(below) },
        Order::OldestFirst => KeptRange { order, above: at.or(above), below },
    }
}

fn kept_place(place: &[u8]) -> Result<Option<PostNumber>, Problem> {
    if place.is_empty() {
        return Ok(None);
    }
    let number = place.try_into().ok().map(u64::from_be_bytes).and_then(PostNumber::new);
    number.map(Some).ok_or_else(Problem::bad_cursor)
}
