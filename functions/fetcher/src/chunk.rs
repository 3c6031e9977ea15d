//! A plan, transaction by transaction.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use domain::carry::Carry;
use domain::id::{Entropy as _, PostNumber, SlotLease, SystemEntropy, number_run};
use domain::job::Finished;
use domain::landing::{MAX_ACTIONS, Piece, chunks};
use domain::plan::Plan;
use domain::source::{Head, Poll};
use domain::window::Window;
use store::{Chunk, EditedPost, Landed, NewPost, PostFacts, StoreError};
use tokio::time::timeout;

use crate::close::settle;
use crate::ending::{Ending, completed, finished};
use crate::judge::second_look;
use crate::land::{Landing, Round};
use crate::verdict::Verdict;

/// Numbers are minted for a transaction that begins now; after this long they are minted anew.
const NUMBERS_LAST: Duration = Duration::from_secs(5);

/// One entry that is to be landed: what the document calls it, and the post it edits, if it does.
#[derive(Clone, Copy)]
struct Work {
    index: usize,
    edits: Option<PostNumber>,
}

/// Lands `plan` as decided on `head` and `poll`.
pub(crate) async fn land_plan(
    landing: &mut Landing<'_>,
    mut head: Head,
    mut poll: Poll,
    plan: &Plan,
    carry: Carry,
) -> Result<Round, StoreError> {
    let ctx = landing.batch.ctx;
    let work = work_of(plan);
    let pieces: Vec<Piece> = work.iter().filter_map(|work| piece(landing, *work)).collect();
    let cuts = chunks(&pieces, MAX_ACTIONS, ctx.rules.chunk_bytes);
    let Some(slot) = ctx.slots.lease(&mut SystemEntropy) else { return Ok(Round::Again) };
    let touches_pointer = cuts.len() > 1 || poll.open_landing.is_some();
    let before = poll.clone();
    for (at, cut) in cuts.iter().enumerate() {
        let is_last = at + 1 == cuts.len();
        let window = if is_last { plan.window.clone() } else { window_of(landing, plan, &before, &work[..cut.end]) };
        let next = Next {
            head: &head,
            poll: &poll,
            work: &work[Range::clone(cut)],
            window: &window,
            carry: is_last.then_some(&carry),
            touches_pointer,
        };
        match land_chunk(landing, next, &slot).await? {
            Ok((now_head, now_poll, None)) => (head, poll) = (now_head, now_poll),
            Ok((_, now_poll, Some(finished))) => {
                let lane = Some((now_poll.target.lane, now_poll.version));
                let ending = Ending { watched: now_poll.target.watched, lane, ..Ending::of(finished) };
                landing.batch.tally.count(&landing.delivery.message, &ending.finished, landing.batch.ctx.rules.pace);
                return Ok(Round::Over(settle(ctx, landing.delivery, &ending).await.into()));
            }
            Err(round) => return Ok(round),
        }
    }
    Ok(Round::Again)
}

fn work_of(plan: &Plan) -> Vec<Work> {
    let new = plan.new.iter().map(|index| Work { index: *index, edits: None });
    let edits = plan.edits.iter().map(|edit| Work { index: edit.index, edits: Some(edit.post.number) });
    new.chain(edits).collect()
}

fn piece(landing: &Landing<'_>, work: Work) -> Option<Piece> {
    let facts = landing.facts.get(&work.index)?;
    Some(if work.edits.is_some() { facts.as_edit() } else { facts.as_new() })
}

/// What was seen, as far as it has `landed`: the rest is as before, so that a job that takes over finds it.
fn window_of(landing: &Landing<'_>, plan: &Plan, before: &Poll, landed: &[Work]) -> Window {
    let (before, after) = (before.window.index(), plan.window.index());
    let landed: HashSet<usize> = landed.iter().map(|work| work.index).collect();
    let sightings = landing.sightings.as_deref().unwrap_or_default();
    let mut met = HashSet::new();
    let entries = sightings.iter().enumerate().filter_map(|(index, sighting)| {
        let known = if landed.contains(&index) { &after } else { &before };
        met.insert(sighting.key).then(|| known.get(sighting.key).map(|seen| (sighting.key, seen)))?
    });
    Window::new(entries.collect::<Vec<_>>())
}

/// One transaction to be.
struct Next<'a> {
    head: &'a Head,
    poll: &'a Poll,
    work: &'a [Work],
    window: &'a Window,
    /// In the last one: what the next job starts from.
    carry: Option<&'a Carry>,
    touches_pointer: bool,
}

type Came = Result<(Head, Poll, Option<Finished>), Round>;

/// Lands one chunk. `Err` says how the round ends without it.
async fn land_chunk(landing: &mut Landing<'_>, next: Next<'_>, slot: &SlotLease) -> Result<Came, StoreError> {
    let (ctx, delivery) = (landing.batch.ctx, landing.delivery);
    let edits: Vec<EditedPost<'_>> = next.work.iter().filter_map(|work| edited(landing, *work)).collect();
    let new: Vec<&PostFacts> = next.work.iter().filter_map(|work| created(landing, *work)).collect();
    let first_ordinal = next.poll.open_landing.unwrap_or(next.head.post_count.next());
    let last_ordinal = next.head.post_count.plus(new.len() as u64);
    let edits_landed = landing.edits_landed + u32::try_from(edits.len()).unwrap_or(u32::MAX);
    let now = ctx.now();
    let count = u32::try_from(new.len()).unwrap_or(u32::MAX);
    let Ok(numbers) = number_run(now, next.head.recent.newest(), count, slot.slot()) else {
        tracing::error!(job = %delivery.message.job, "no post number is left: the clock of this machine is wrong");
        return Ok(Err(Round::Over(Verdict::Report.into())));
    };
    let ordinals = (1..).map(|n| next.head.post_count.plus(n));
    let posts =
        numbers.numbers().zip(ordinals).zip(&new).map(|((number, ordinal), facts)| NewPost { number, ordinal, facts });
    let posts: Vec<NewPost<'_>> = posts.collect();
    let last = next.carry.map(|carry| {
        let range = (last_ordinal >= first_ordinal).then_some((first_ordinal, last_ordinal));
        finished(delivery, landing.exchange, completed(range, edits_landed), carry.clone(), now)
    });
    let chunk = Chunk {
        source: next.head.source,
        job: delivery.message.job,
        head: next.head,
        poll: next.poll,
        posts: &posts,
        edits: &edits,
        window: next.window,
        first_ordinal,
        last: last.as_ref(),
        touches_pointer: next.touches_pointer,
        feed: landing.feed(),
        retention: ctx.rules.retention,
        token: token(),
    };
    // An answer that does not come in time is found out by reading again.
    let Ok(landed) = timeout(NUMBERS_LAST, ctx.store.land(&chunk)).await else { return Ok(Err(Round::Again)) };
    match landed? {
        Landed::Landed { head, poll } => {
            landing.edits_landed = edits_landed;
            Ok(Ok((*head, *poll, last)))
        }
        refused => Ok(Err(decide_again(landing, refused).await)),
    }
}

async fn decide_again(landing: &mut Landing<'_>, landed: Landed) -> Round {
    let over = match landed {
        Landed::KeyTaken(keys) => {
            landing.taken.extend(keys);
            return Round::Again;
        }
        Landed::EditGone(numbers) => {
            landing.gone.extend(numbers);
            return Round::Again;
        }
        Landed::Landed { .. } | Landed::NumberTaken | Landed::Stale | Landed::Busy => return Round::Again,
        // Whoever ended the source has failed this job too.
        Landed::NotActive => Verdict::Acknowledge,
        Landed::AlreadyDone | Landed::Superseded => second_look(landing.batch.ctx, landing.delivery).await,
    };
    Round::Over(over.into())
}

fn edited<'l>(landing: &'l Landing<'_>, work: Work) -> Option<EditedPost<'l>> {
    Some(EditedPost { number: work.edits?, facts: landing.facts.get(&work.index)? })
}

fn created<'l>(landing: &'l Landing<'_>, work: Work) -> Option<&'l PostFacts> {
    if work.edits.is_some() { None } else { landing.facts.get(&work.index) }
}

/// A token for one attempt, so that the SDK's own repetitions of it are one.
fn token() -> String {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
