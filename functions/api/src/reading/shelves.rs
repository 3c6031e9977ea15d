//! Subscriptions as this process read them, where a journal tells what is written: what was not written since is as of now. Where nobody tells, nothing is remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{SourceId, UserId};
use domain::subscription::Subscription;
use store::{Journal, Moment, Watch};

/// Subscriptions of all people together; some 300 bytes each, and what was read of each out of turn.
const MOST: usize = 50_000;
/// So many are read one by one; with more, all of a person's are.
const FEW: usize = 100;

/// What this process knows of people's subscriptions.
#[derive(Debug, Default)]
pub(crate) struct Shelves {
    journal: Option<Journal>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    shelves: HashMap<UserId, Shelf>,
    /// How many subscriptions they hold.
    held: usize,
    /// Rises with each look.
    turn: u64,
}

/// All subscriptions of a person.
#[derive(Clone, Debug)]
struct Shelf {
    /// To which sources.
    list: Since,
    /// Nothing at all was written since.
    all: Since,
    books: Vec<Book>,
    /// The turn of the last look.
    looked: u64,
}

#[derive(Clone, Debug)]
struct Book {
    since: Since,
    subscription: Arc<Subscription>,
}

/// What is watched, and the moment before it was read.
#[derive(Clone, Copy, Debug)]
struct Since(Watch, Moment);

impl Since {
    fn now(journal: &Journal, watch: Watch) -> Self {
        Self(watch, journal.moment(watch))
    }

    fn is_now(self, journal: &Journal) -> bool {
        journal.moment(self.0) == self.1
    }
}

/// What has to be read before all of a person's subscriptions are known.
pub(super) enum Reading {
    /// Nothing: these are they.
    Done(Vec<Arc<Subscription>>),
    /// Those to a few sources.
    Some(Few),
    /// All of them.
    All(All),
}

/// A shelf of which a few places were written.
pub(super) struct Few {
    shelf: Shelf,
    /// The places, and the moments before they are read.
    places: Vec<(usize, Since)>,
}

/// A shelf of which nothing is known.
pub(super) struct All(Option<(Since, Since)>);

impl Shelves {
    pub(crate) fn new(journal: Option<Journal>) -> Self {
        Self { journal, known: Mutex::default() }
    }

    /// How to come to know the subscriptions of `user`, all as of now.
    pub(super) fn look(&self, user: UserId) -> Reading {
        let Some(journal) = &self.journal else { return Reading::All(All(None)) };
        let all = Since::now(journal, journal.subscriptions(user));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.turn += 1;
        let turn = known.turn;
        if let Some(shelf) = known.shelves.get_mut(&user).filter(|shelf| shelf.list.is_now(journal)) {
            shelf.looked = turn;
            if shelf.all.1 == all.1 {
                return Reading::Done(shelf.subscriptions());
            }
            let written = |book: &Book| !book.since.is_now(journal);
            let places = shelf.books.iter().enumerate().filter(|(_, book)| written(book));
            let places: Vec<_> = places.map(|(at, book)| (at, Since::now(journal, book.since.0))).collect();
            if places.len() <= FEW {
                return Reading::Some(Few { shelf: Shelf { all, ..shelf.clone() }, places });
            }
        }
        Reading::All(All(Some((Since::now(journal, journal.list(user)), all))))
    }

    /// Remembers all subscriptions of `user`, just read.
    pub(super) fn learn(&self, user: UserId, all: &All, subscriptions: &[Arc<Subscription>]) {
        let (Some(journal), Some((list, all))) = (&self.journal, all.0) else { return };
        let book = |subscription: &Arc<Subscription>| {
            let since = Since::now(journal, journal.subscription(user, subscription.source));
            Book { since, subscription: Arc::clone(subscription) }
        };
        let books = subscriptions.iter().map(book).collect();
        // The moments of the single ones were noted after they were read: nothing may have been written meanwhile.
        if all.is_now(journal) {
            self.keep(user, Shelf { list, all, books, looked: 0 });
        }
    }

    /// Puts those of a few places in, as far as they are still there, and gives all.
    pub(super) fn mend(&self, user: UserId, few: Few, read: Vec<Subscription>) -> Vec<Arc<Subscription>> {
        let Few { mut shelf, places } = few;
        let mut read: HashMap<SourceId, Subscription> = read.into_iter().map(|one| (one.source, one)).collect();
        for (at, since) in places.into_iter().rev() {
            match read.remove(&shelf.books[at].subscription.source) {
                Some(subscription) => shelf.books[at] = Book { since, subscription: Arc::new(subscription) },
                // It ended a moment ago: then the list is another too, and is read anew next time.
                None => _ = shelf.books.remove(at),
            }
        }
        let subscriptions = shelf.subscriptions();
        self.keep(user, shelf);
        subscriptions
    }

    fn keep(&self, user: UserId, shelf: Shelf) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.turn += 1;
        let shelf = Shelf { looked: known.turn, ..shelf };
        known.put(user, shelf);
    }
}

impl Few {
    /// To which sources.
    pub(super) fn sources(&self) -> Vec<SourceId> {
        self.places.iter().map(|(at, _)| self.shelf.books[*at].subscription.source).collect()
    }
}

impl Shelf {
    fn subscriptions(&self) -> Vec<Arc<Subscription>> {
        self.books.iter().map(|book| Arc::clone(&book.subscription)).collect()
    }
}

impl Known {
    fn put(&mut self, user: UserId, shelf: Shelf) {
        self.held += shelf.books.len();
        if let Some(before) = self.shelves.insert(user, shelf) {
            self.held -= before.books.len();
        }
        while self.held > MOST {
            // Whoever has not looked for longest.
            let Some(last) = self.shelves.iter().min_by_key(|(_, shelf)| shelf.looked).map(|(user, _)| *user) else {
                return;
            };
            if let Some(shelf) = self.shelves.remove(&last) {
                self.held -= shelf.books.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::SystemEntropy;
    use domain::reading::ReadState;
    use domain::time::Timestamp;

    struct Person {
        shelves: Shelves,
        journal: Journal,
        user: UserId,
        sources: Vec<SourceId>,
    }

    impl Person {
        /// Someone with that many subscriptions.
        fn with(count: usize) -> Self {
            let journal = Journal::default();
            let shelves = Shelves::new(Some(journal.clone()));
            let sources = std::iter::repeat_with(|| SourceId::draw(&mut SystemEntropy)).take(count).collect();
            Self { shelves, journal, user: UserId::draw(&mut SystemEntropy), sources }
        }

        fn subscription(&self, source: SourceId, version: u64) -> Subscription {
            let (user, added_at, read) = (self.user, Timestamp::EPOCH, ReadState::default());
            Subscription { user, source, added_at, title: None, folders: Vec::new(), read, newest: None, version }
        }

        fn read_all(&self) {
            let Reading::All(all) = self.shelves.look(self.user) else { panic!("they are known") };
            let read = self.sources.iter().map(|source| Arc::new(self.subscription(*source, 1))).collect::<Vec<_>>();
            self.shelves.learn(self.user, &all, &read);
        }

        /// How many have to be read.
        fn missing(&self) -> usize {
            match self.shelves.look(self.user) {
                Reading::Done(_) => 0,
                Reading::Some(few) => few.sources().len(),
                Reading::All(_) => usize::MAX,
            }
        }

        fn mark(&self, at: usize) {
            self.journal.changed(&format!("U#{}", self.user), &format!("SUB#{}", self.sources[at]));
        }

        fn replace(&self, source: SourceId) {
            self.journal.replaced(&format!("U#{}", self.user), &format!("SUB#{source}"));
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_nothing_else() {
        let ada = Person::with(300);
        assert_eq!(ada.missing(), usize::MAX);
        ada.read_all();
        assert_eq!(ada.missing(), 0);
        (3..6).for_each(|at| ada.mark(at));
        let Reading::Some(few) = ada.shelves.look(ada.user) else { panic!("three are to be read") };
        assert_eq!(few.sources(), ada.sources[3..6]);
        let read = vec![ada.subscription(ada.sources[3], 2), ada.subscription(ada.sources[5], 2)];
        let all = ada.shelves.mend(ada.user, few, read);
        let versions: Vec<u64> = all.iter().map(|subscription| subscription.version).collect();
        assert_eq!((all.len(), &versions[2..6]), (299, &[1, 2, 2, 1][..]), "one is gone");
        assert_eq!(ada.missing(), 0);
        (10..=FEW + 10).for_each(|at| ada.mark(at));
        assert_eq!(ada.missing(), usize::MAX, "so many are read at once");
    }

    #[test]
    fn who_subscribes_or_leaves_is_read_anew() {
        let ada = Person::with(3);
        for source in [SourceId::draw(&mut SystemEntropy), ada.sources[1]] {
            ada.read_all();
            assert_eq!(ada.missing(), 0);
            ada.replace(source);
            assert_eq!(ada.missing(), usize::MAX);
        }
    }

    #[test]
    fn what_is_written_while_it_is_read_is_not_remembered() {
        let ada = Person::with(3);
        let Reading::All(all) = ada.shelves.look(ada.user) else { panic!("nothing is known") };
        let read = ada.sources.iter().map(|source| Arc::new(ada.subscription(*source, 1))).collect::<Vec<_>>();
        ada.mark(1);
        ada.shelves.learn(ada.user, &all, &read);
        assert_eq!(ada.missing(), usize::MAX);
        ada.read_all();
        ada.mark(1);
        let Reading::Some(few) = ada.shelves.look(ada.user) else { panic!("one is to be read") };
        ada.mark(1);
        ada.shelves.mend(ada.user, few, vec![ada.subscription(ada.sources[1], 2)]);
        assert_eq!(ada.missing(), 1);
    }

    #[test]
    fn whoever_has_not_looked_for_longest_is_forgotten_first() {
        let people: Vec<Person> = (0..3).map(|_| Person::with(MOST / 2 - 1)).collect();
        let shelves = &people[0].shelves;
        for (at, person) in people.iter().enumerate() {
            let Reading::All(all) = shelves.look(person.user) else { panic!("{at} is known") };
            let read = person.sources.iter().map(|source| Arc::new(person.subscription(*source, 1)));
            shelves.learn(person.user, &all, &read.collect::<Vec<_>>());
            shelves.look(people[0].user);
        }
        let known = |at: usize| matches!(shelves.look(people[at].user), Reading::Done(_));
        assert_eq!([0, 1, 2].map(known), [true, false, true]);
    }

    #[test]
    fn where_nobody_tells_nothing_is_remembered() {
        let shelves = Shelves::new(None);
        let user = UserId::draw(&mut SystemEntropy);
        for _ in 0..2 {
            let Reading::All(all) = shelves.look(user) else { panic!("nobody told") };
            shelves.learn(user, &all, &[]);
        }
    }
}
