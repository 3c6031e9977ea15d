//! What `edit-tag` does to items: the tags that are added (`a`) and taken away (`r`), as one change.

use domain::reading::Mark;

use super::params::Params;
use super::stream::{State, Stream};
use crate::problem::Problem;

/// What becomes of the items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// Read or unread, if either.
    pub(super) mark: Option<Mark>,
    /// Starred or not, if either.
    pub(super) star: Option<bool>,
    /// Labels that they get.
    pub(super) add: Vec<String>,
    /// Labels that they lose.
    pub(super) remove: Vec<String>,
}

impl Edit {
    /// The change that `a` and `r` ask for. Clients send pairs that say the same twice (`a` read, `r` kept-unread); where they contradict each other, what is added counts.
    ///
    /// # Errors
    /// A problem for what is no tag of an item, and when nothing is asked for.
    pub(super) fn of(params: &Params) -> Result<Self, Problem> {
        let mut edit = Self::default();
        for tag in params.all("r") {
            edit.remove(Stream::parse(tag))?;
        }
        for tag in params.all("a") {
            edit.add(Stream::parse(tag))?;
        }
        if params.get("a").or(params.get("r")).is_none() {
            return Err(Problem::bad_query("say with `a` or `r` which tag is to be added or taken away"));
        }
        Ok(edit)
    }

    fn add(&mut self, tag: Option<Stream>) -> Result<(), Problem> {
        match tag {
            Some(Stream::State(State::Read)) => self.mark = Some(Mark::Read),
            Some(Stream::State(State::KeptUnread)) => self.mark = Some(Mark::Unread),
            Some(Stream::State(State::Starred)) => self.star = Some(true),
            Some(Stream::State(State::TrackingKeptUnread)) => {}
            Some(Stream::Label(name)) => {
                self.remove.retain(|removed| *removed != name);
                self.add.push(name);
            }
            other => return refuse(other.as_ref()),
        }
        Ok(())
    }

    fn remove(&mut self, tag: Option<Stream>) -> Result<(), Problem> {
        match tag {
            Some(Stream::State(State::Read)) => self.mark = Some(Mark::Unread),
            Some(Stream::State(State::KeptUnread)) => self.mark = Some(Mark::Read),
            Some(Stream::State(State::Starred)) => self.star = Some(false),
            Some(Stream::State(State::TrackingKeptUnread | State::Broadcast)) => {}
            Some(Stream::Label(name)) => self.remove.push(name),
            other => return refuse(other.as_ref()),
        }
        Ok(())
    }
}

/// A client that is told `OK` believes it.
fn refuse(tag: Option<&Stream>) -> Result<(), Problem> {
    Err(Problem::bad_query(match tag {
        Some(Stream::State(State::Broadcast)) => "sharing is done in Feedmill itself, not by this tag",
        _ => "an item can be tagged read, kept-unread, tracking-kept-unread, starred, or with `user/-/label/…`",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, mark: Option<Mark>, star: Option<bool>, add: &[&str], remove: &[&str]) {
        let edit = Edit::of(&Params::of("", query.as_bytes())).unwrap();
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(edit, Edit { mark, star, add: own(add), remove: own(remove) }, "{query}");
    }

    #[test]
    fn the_pairs_that_clients_send_are_one_change() {
        let (read, unread) = (Some(Mark::Read), Some(Mark::Unread));
        check("a=user/-/state/com.google/read", read, None, &[], &[]);
        check("r=user/-/state/com.google/read", unread, None, &[], &[]);
        check("a=user/-/state/com.google/kept-unread", unread, None, &[], &[]);
        check("r=user/-/state/com.google/kept-unread", read, None, &[], &[]);
        // newsboat, both ways.
        check("a=user/-/state/com.google/read&r=user/-/state/com.google/kept-unread&ac=edit&T=x", read, None, &[], &[]);
        let unreads = "r=user/-/state/com.google/read&a=user/-/state/com.google/kept-unread&a=user/-/state/com.google/tracking-kept-unread&ac=edit&T=x";
        check(unreads, unread, None, &[], &[]);
        check("a=user/-/state/com.google/starred&ac=edit", None, Some(true), &[], &[]);
        check("r=user/1005921515/state/com.google/starred&T=", None, Some(false), &[], &[]);
        check("a=user/-/state/com.google/starred&a=user/-/state/com.google/read", read, Some(true), &[], &[]);
        check("a=user%2F-%2Flabel%2FTo%20do%2Fnow&a=user/-/label/x", None, None, &["To do/now", "x"], &[]);
        check("r=user/-/label/x&r=user/-/label/y&a=user/-/label/y", None, None, &["y"], &["x"]);
        check("r=user/-/state/com.google/broadcast", None, None, &[], &[]);
        check("a=user/-/state/com.google/tracking-kept-unread", None, None, &[], &[]);
        check("a=user/-/state/com.google/read&r=user/-/state/com.google/read", read, None, &[], &[]);
    }

    #[test]
    fn nobody_is_told_ok_for_what_is_not_done() {
        for query in [
            "",
            "a=&r=",
            "i=7",
            "a=user/-/state/com.google/broadcast",
            "a=user/-/state/com.google/like",
            "a=feed/3kTMd9aZ",
            "r=what",
            "a=user/-/label/",
        ] {
            assert!(Edit::of(&Params::of(query, b"")).is_err(), "{query}");
        }
    }
}
