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
