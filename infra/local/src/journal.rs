//! What is written to the tables, told to whoever remembers what they read: the embedded server sees all of it, whoever writes.

use emulator::{Emulator, Listener, Written};
use store::Journal;

/// A journal of all that is written to the tables of `emulator` from now on; `None` if another is told already.
pub fn of(emulator: &Emulator) -> Option<Journal> {
    let journal = Journal::default();
    let told = journal.clone();
    let told = move |written| note(&told, written);
    emulator.tell(Listener { key: Journal::KEY, told: Box::new(told) }).then_some(journal)
}

fn note(journal: &Journal, written: Written) {
    match written {
        Written::Replaced([pk, sk]) => journal.replaced(&pk, &sk),
        Written::Changed([pk, sk]) => journal.changed(&pk, &sk),
        Written::Named(text) => journal.named(&text),
        Written::Anything => journal.anything(),
    }
}
