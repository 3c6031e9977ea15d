//! Kept posts on their way in: put on the post where it is here, else kept as the copy that the file holds.

use std::collections::{HashMap, HashSet};

use blob::Owner;
use domain::id::{PostId, PostNumber, SourceId, UserId};
use domain::parsed::NaturalKey;
use domain::time::Timestamp;
use store::{Body, Brought, Flag, Flags, Keeping, Original, Packed, PostFacts};

use super::incoming::Incoming;
use super::{AT_ONCE, AccountImported, KeptPost};
use crate::context::Context;
use crate::portable::rows::{TIME, distinct};
use crate::problem::Problem;
use crate::reading::Marking;

/// A number is looked for in so many milliseconds.
const TRIES: u64 = 16;

/// A number for a copy, and whether the copy is still to be made.
type Place = (PostNumber, bool);

/// What there is to know of posts before one of them is touched.
struct Known {
    /// Posts that are here, or were, by their identity.
    by_key: HashMap<(SourceId, NaturalKey), PostNumber>,
    /// All that the user keeps.
    flags: HashMap<PostNumber, Flags>,
    /// Which posts the copies are where these might be.
    copies: HashMap<PostNumber, (SourceId, NaturalKey)>,
}

impl Context {
    /// Puts stars and labels back, a page at a time. Those that are on already take no time.
    pub(super) async fn import_kept(
        &self,
        user: UserId,
        sources: &HashMap<String, SourceId>,
        kept: &[KeptPost],
        begun: Timestamp,
        done: &mut AccountImported,
    ) -> Result<(), Problem> {
        let mut incoming = Vec::with_capacity(kept.len());
        for kept in kept {
            match Incoming::of(kept, sources, &self.rules.reach, begun) {
                Ok(one) => incoming.push(one),
                Err((code, reason)) => done.refuse_kept(kept.refused(code, reason)),
            }
        }
        let known = self.known_of(user, &incoming).await?;
        let all = incoming.len();
        incoming.retain(|one| !known.keeps(one, self.named(one)));
        done.kept += all - incoming.len();
        for (at, some) in incoming.chunks(AT_ONCE).enumerate() {
            if self.now().since(begun) >= TIME {
                done.left += incoming.len() - at * AT_ONCE;
                break;
            }
            self.import_kept_page(user, &known, some, done).await?;
        }
        Ok(())
    }

    async fn known_of(&self, user: UserId, incoming: &[Incoming<'_>]) -> Result<Known, Problem> {
        let mut keys: HashMap<SourceId, HashSet<NaturalKey>> = HashMap::new();
        for one in incoming.iter().filter(|one| one.is_subscribed) {
            keys.entry(one.source).or_default().insert(one.entry.key);
        }
        let mut by_key = HashMap::new();
        for (source, keys) in keys {
            let keys: Vec<NaturalKey> = keys.into_iter().collect();
            let known = self.store.known(source, &keys).await?;
            by_key.extend(known.into_iter().map(|(key, known)| ((source, key), known.number)));
        }
        let ends = PostNumber::new(0).zip(PostNumber::new(PostNumber::END - 1));
        let flags = match ends.filter(|_| !incoming.is_empty()) {
            Some((from, to)) => self.store.flags(user, from, to).await?,
            None => HashMap::new(),
        };
        let places = incoming.iter().filter_map(|one| one.number(0)).filter(|number| flags.contains_key(number));
        let places: HashSet<PostNumber> = places.collect();
        let copies = self.store.copied(user, &places.into_iter().collect::<Vec<_>>()).await?;
        Ok(Known { by_key, flags, copies })
    }

    /// The post that has its id here: in another installation, some other post.
    fn named(&self, one: &Incoming<'_>) -> Option<PostNumber> {
        one.kept.post.parse::<PostId>().ok().map(|id| self.face.reveal(id))
    }

    async fn import_kept_page(
        &self,
        user: UserId,
        known: &Known,
        incoming: &[Incoming<'_>],
        done: &mut AccountImported,
    ) -> Result<(), Problem> {
        let found = self.posts_here(user, known, incoming).await?;
        let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
        for (one, found) in incoming.iter().zip(found) {
            match found {
                Some(number) => here.push((one, number)),
                None => elsewhere.push(one),
            }
        }
        for (flag, numbers) in by_flag(&here) {
            self.mark(user, &numbers, &Marking::Keep(flag)).await?;
        }
        self.let_go(user, &here).await?;
        done.kept += here.len();
        self.bring(user, &elsewhere, done).await
    }

    /// The posts that these are here: by id *and* address, else by the key within the same source.
    async fn posts_here(
        &self,
        user: UserId,
        known: &Known,
        incoming: &[Incoming<'_>],
    ) -> Result<Vec<Option<PostNumber>>, Problem> {
        let candidates = incoming.iter().flat_map(|one| [self.named(one), known.keyed(one)]).flatten();
        let numbers = distinct(candidates, 2 * AT_ONCE);
        let there: HashMap<PostNumber, Option<String>> =
            self.entries(user, &numbers).await?.into_iter().map(|entry| (entry.post.number, entry.post.url)).collect();
        let found = |one: &Incoming<'_>| {
            let is_it = |number: &PostNumber| there.get(number) == Some(&one.kept.url);
            let keyed = known.keyed(one).filter(|number| there.contains_key(number));
            self.named(one).filter(is_it).or(keyed)
        };
        Ok(incoming.iter().map(found).collect())
    }

    /// Drops copies that were brought when the posts themselves were not here yet.
    async fn let_go(&self, user: UserId, here: &[(&Incoming<'_>, PostNumber)]) -> Result<(), Problem> {
        let brought: HashMap<PostNumber, &Incoming<'_>> = here
            .iter()
            .filter_map(|(one, number)| Some((one.number(0).filter(|brought| brought != number)?, *one)))
            .collect();
        let numbers: Vec<PostNumber> = brought.keys().copied().collect();
        let copies = self.store.copied(user, &numbers).await?;
        let same = |number: &&PostNumber| brought[*number].is(copies[*number]);
        let copies: Vec<PostNumber> = copies.keys().filter(same).copied().collect();
        for (number, flags) in self.store.flags_of(user, &copies).await? {
            let star = flags.starred.then_some(Flag::Star);
            for flag in star.into_iter().chain(flags.labels.into_iter().map(Flag::Label)) {
                self.store.unflag(user, &[number], &flag).await?;
            }
        }
        Ok(())
    }

    /// Keeps copies of what the file holds. The same post comes under the same number each time.
    async fn bring(&self, user: UserId, incoming: &[&Incoming<'_>], done: &mut AccountImported) -> Result<(), Problem> {
        let mut originals: HashMap<PostNumber, Original> = HashMap::new();
        let mut placed = Vec::with_capacity(incoming.len());
        for (one, place) in incoming.iter().copied().zip(self.places(user, incoming).await?) {
            match place {
                Some((number, is_new)) => {
                    if is_new && !originals.contains_key(&number) {
                        originals.insert(number, self.original(user, one, number).await?);
                    }
                    placed.push((one, number));
                }
                None => done.refuse_kept(one.kept.refused("no_number", "too many posts came at its time")),
            }
        }
        for (flag, numbers) in by_flag(&placed) {
            let missing = self.store.flag(user, &numbers, &flag).await?;
            let missing: Vec<Original> = missing.iter().filter_map(|number| originals.get(number).cloned()).collect();
            if self.store.keep(user, &missing, &flag).await? == Keeping::NoUser {
                return Err(Problem::no_such_user());
            }
        }
        done.kept += placed.len();
        Ok(())
    }

    /// A number for each post, of the time when it came to where it was: one that no post has, nor another copy of this user.
    async fn places(&self, user: UserId, incoming: &[&Incoming<'_>]) -> Result<Vec<Option<Place>>, Problem> {
        let mut places: Vec<Option<Place>> = vec![None; incoming.len()];
        let mut given: HashMap<PostNumber, NaturalKey> = HashMap::new();
        for attempt in 0..TRIES {
            let open = places.iter().zip(incoming).filter(|(place, _)| place.is_none());
            let numbers = distinct(open.filter_map(|(_, one)| one.number(attempt)), AT_ONCE);
            if numbers.is_empty() {
                break;
            }
            let posts: HashSet<PostNumber> =
                self.store.whereabouts(&numbers).await?.into_iter().map(|(_, (_, number))| number).collect();
            let copies = self.store.copied(user, &numbers).await?;
            for (place, one) in places.iter_mut().zip(incoming).filter(|(place, _)| place.is_none()) {
                let Some(number) = one.number(attempt).filter(|number| !posts.contains(number)) else { continue };
                *place = match copies.get(&number) {
                    Some(copy) => one.is(*copy).then_some((number, false)),
                    None => {
                        let owner = given.entry(number).or_insert(one.entry.key);
                        (*owner == one.entry.key).then_some((number, true))
                    }
                };
            }
        }
        Ok(places)
    }

    /// A copy in the making. What is long of it is in the bucket before.
    async fn original(&self, user: UserId, one: &Incoming<'_>, number: PostNumber) -> Result<Original, Problem> {
        let packed = Body::pack(one.entry.summary.as_deref(), one.entry.content.as_deref())?;
        let (body, blob) = match packed {
            Packed::Whole(body) => (body, None),
            Packed::Split { rest, blob } => {
                let name = self.bucket.put(Owner::Copy(user, number), blob.into()).await?.name();
                (rest.in_blob(&name), Some(name))
            }
        };
        let facts = PostFacts::of(&one.entry, body, one.arrived);
        let (source_title, source_url) = (one.source_title.clone(), one.source_url.clone());
        Ok(Brought { number, source: one.source, facts: &facts, blob, source_title, source_url }.into())
    }
}

impl Known {
    fn keyed(&self, one: &Incoming<'_>) -> Option<PostNumber> {
        self.by_key.get(&(one.source, one.entry.key)).copied()
    }

    /// Whether all that is on it is on already: on the post where it is here, else on what has its id, or on the copy that an earlier import brought.
    fn keeps(&self, one: &Incoming<'_>, named: Option<PostNumber>) -> bool {
        let is_on = |number: PostNumber| {
            self.flags.get(&number).is_some_and(|flags| one.flags.iter().all(|flag| flags.has(flag)))
        };
        match self.keyed(one) {
            Some(here) => is_on(here),
            None => {
                let copy = one.number(0).filter(|number| self.copies.get(number).is_some_and(|copy| one.is(*copy)));
                [named, copy].into_iter().flatten().any(is_on)
            }
        }
    }
}

/// The posts that get each flag.
fn by_flag(posts: &[(&Incoming<'_>, PostNumber)]) -> Vec<(Flag, Vec<PostNumber>)> {
    let mut flags: Vec<(Flag, Vec<PostNumber>)> = Vec::new();
    for (one, number) in posts {
        for flag in &one.flags {
            match flags.iter_mut().find(|(known, _)| known == flag) {
                Some((_, numbers)) if numbers.contains(number) => {}
                Some((_, numbers)) => numbers.push(*number),
                None => flags.push((flag.clone(), vec![*number])),
            }
        }
    }
    flags
}
