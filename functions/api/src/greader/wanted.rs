//! What a client wants listed: a stream, and what narrows, orders and bounds it.

use domain::id::PostNumber;
use domain::reading::{Order, Status};

use super::params::Params;
use super::stream::{Feed, State, Stream};
use super::times;
use crate::problem::Problem;

/// Of which posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All that a person has.
    Everything,
    /// Those of one subscription.
    Feed(Feed),
    /// Those in one folder or, where there is no such folder, with one label.
    Label(String),
    /// None: of things that Feedmill keeps elsewhere.
    Nothing,
}

/// A list, as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) scope: Scope,
    pub(super) status: Status,
    /// The starred ones alone.
    pub(super) starred: bool,
    /// None below this one.
    pub(super) since: Option<PostNumber>,
    /// None above this one.
    pub(super) until: Option<PostNumber>,
    pub(super) order: Order,
    /// 1 to the most of the call.
    pub(super) limit: usize,
    /// Where the page before ended, sealed.
    pub(super) continuation: Option<String>,
}

/// How long a list is unless asked.
const LIMIT: usize = 20;

impl Wanted {
    /// What `params` ask of `stream`, at most `most` items.
    ///
    /// # Errors
    /// A problem for a stream or a time that is none, and for what cannot be left out.
    pub(super) fn of(stream: &Stream, params: &Params, most: usize) -> Result<Self, Problem> {
        let mut wanted = Self {
            scope: Scope::Everything,
            status: Status::All,
            starred: false,
            since: None,
            until: None,
            order: if params.get("r") == Some("o") { Order::OldestFirst } else { Order::NewestFirst },
            limit: params.get("n").and_then(|n| n.parse().ok()).unwrap_or(LIMIT).clamp(1, most),
            continuation: params.get("c").map(str::to_owned),
        };
        wanted.include(stream.clone())?;
        for stream in params.all("it") {
            wanted.include(named(stream)?)?;
        }
        for stream in params.all("xt") {
            wanted.exclude(&named(stream)?)?;
        }
        wanted.between(params)?;
        Ok(wanted)
    }

    fn include(&mut self, stream: Stream) -> Result<(), Problem> {
        match stream {
            Stream::State(State::ReadingList) => {}
            Stream::State(State::Read) => self.only(Status::Read),
            Stream::State(State::KeptUnread | State::TrackingKeptUnread) => self.only(Status::Unread),
            Stream::State(State::Starred) => self.starred = true,
            Stream::State(State::Broadcast) => self.scope = Scope::Nothing,
            Stream::Feed(feed) => self.narrow(Scope::Feed(feed))?,
            Stream::Label(name) => self.narrow(Scope::Label(name))?,
        }
        Ok(())
    }

    /// What is both read and unread is nothing.
    fn only(&mut self, status: Status) {
        if self.status == Status::All {
            self.status = status;
        } else if self.status != status {
            self.scope = Scope::Nothing;
        }
    }

    fn narrow(&mut self, scope: Scope) -> Result<(), Problem> {
        if self.scope == Scope::Everything {
            self.scope = scope;
        } else if self.scope != scope && self.scope != Scope::Nothing {
            return Err(Problem::bad_query(
                "a list can be of one feed or one label, not of several; ask for each of them",
            ));
        }
        Ok(())
    }

    fn exclude(&mut self, stream: &Stream) -> Result<(), Problem> {
        match stream {
            Stream::State(State::Read) => self.only(Status::Unread),
            Stream::State(State::KeptUnread | State::TrackingKeptUnread) => self.only(Status::Read),
            Stream::State(State::ReadingList) => self.scope = Scope::Nothing,
            // There are none here.
            Stream::State(State::Broadcast) => {}
            Stream::State(State::Starred) | Stream::Feed(_) | Stream::Label(_) => {
                return Err(Problem::bad_query("`xt` can leave out what is read, and nothing else"));
            }
        }
        Ok(())
    }

    fn between(&mut self, params: &Params) -> Result<(), Problem> {
        if let Some(ot) = time(params, "ot")? {
            self.since = times::since(ot);
            if self.since.is_none() {
                self.scope = Scope::Nothing;
            }
        }
        if let Some(nt) = time(params, "nt")? {
            self.until = PostNumber::last_at(nt);
            if self.until.is_none() {
                self.scope = Scope::Nothing;
            }
        }
        Ok(())
    }
}

/// The stream that `text` names.
pub(super) fn named(text: &str) -> Result<Stream, Problem> {
    Stream::parse(text).ok_or_else(|| {
        Problem::bad_query(
            "this is no stream: write `feed/…`, `user/-/label/…`, or `user/-/state/com.google/` and one of reading-list, starred, read, kept-unread, broadcast",
        )
    })
}

/// The time that a parameter says, if there is one.
pub(super) fn time(params: &Params, name: &str) -> Result<Option<domain::time::Timestamp>, Problem> {
    let parsed = |text| {
        let wrong = || Problem::bad_query(format!("`{name}` must be seconds since 1970, or microseconds in 16 digits"));
        times::parse(text).ok_or_else(wrong)
    };
    params.get(name).map(parsed).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Timestamp;

    const LIST: &str = "user/-/state/com.google/reading-list";

    fn wanted(stream: &str, query: &str) -> Result<Wanted, Problem> {
        Wanted::of(&named(stream)?, &Params::of(query, b""), 1000)
    }

    #[track_caller]
    fn check(stream: &str, query: &str, scope: Scope, status: Status, starred: bool) {
        let wanted = wanted(stream, query).unwrap();
        assert_eq!((wanted.scope, wanted.status, wanted.starred), (scope, status, starred), "{stream} {query}");
    }

    #[test]
    fn a_stream_is_narrowed_by_what_is_included_and_what_is_excluded() {
        use Status::{All, Read, Unread};
        let feed = || Scope::Feed(Feed::Id("3kTMd9aZ".parse().unwrap()));
        let label = || Scope::Label("a/b".to_owned());
        let everything = || Scope::Everything;
        check(LIST, "", everything(), All, false);
        check(LIST, "xt=user/-/state/com.google/read", everything(), Unread, false);
        check(LIST, "xt=user/1005921515/state/com.google/read", everything(), Unread, false);
        check(LIST, "it=user/-/state/com.google/starred", everything(), All, true);
        check(LIST, "it=user/-/state/com.google/read", everything(), Read, false);
        check(LIST, "it=user/-/state/com.google/kept-unread", everything(), Unread, false);
        let both = "it=user/-/state/com.google/read&xt=user/-/state/com.google/read";
        check(LIST, both, Scope::Nothing, Read, false);
        check("feed/3kTMd9aZ", both, Scope::Nothing, Read, false);
        check(LIST, "it=feed/3kTMd9aZ&xt=user/-/state/com.google/read", feed(), Unread, false);
        check(LIST, "xt=user/-/state/com.google/broadcast", everything(), All, false);
        check("user/-/state/com.google/starred", "", everything(), All, true);
        check("user/-/state/com.google/starred", "xt=user/-/state/com.google/read", everything(), Unread, true);
        check("user/-/state/com.google/read", "", everything(), Read, false);
        check("user/-/state/com.google/kept-unread", "", everything(), Unread, false);
        check("user/-/state/com.google/broadcast", "", Scope::Nothing, All, false);
        check("feed/3kTMd9aZ", "xt=user%2F-%2Fstate%2Fcom.google%2Fread", feed(), Unread, false);
        check("user/-/label/a/b", "it=user%2F-%2Flabel%2Fa%2Fb", label(), All, false);
        check("user/-/label/a/b", "xt=&it=", label(), All, false);
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_rather_than_forgotten() {
        for query in ["xt=user/-/state/com.google/starred", "xt=feed/3kTMd9aZ", "it=what", "ot=yesterday", "nt=-1"] {
            assert!(wanted(LIST, query).is_err(), "{query}");
        }
        assert!(wanted("feed/3kTMd9aZ", "it=user/-/label/x").is_err());
        assert!(wanted("", "").is_err());
    }

    #[test]
    fn a_list_is_20_long_unless_asked_and_never_longer_than_its_call_allows() {
        for (query, limit) in [
            ("", 20),
            ("n=", 20),
            ("n=5", 5),
            ("n=1000", 1000),
            ("n=200000", 1000),
            ("n=0", 1),
            ("n=-1", 20),
            ("n=all", 20),
        ] {
            assert_eq!(wanted(LIST, query).unwrap().limit, limit, "{query}");
        }
    }

    #[test]
    fn the_newest_come_first_unless_the_oldest_are_asked_for() {
        for (query, order) in [
            ("", Order::NewestFirst),
            ("r=n", Order::NewestFirst),
            ("r=d", Order::NewestFirst),
            ("r=", Order::NewestFirst),
            ("r=o", Order::OldestFirst),
        ] {
            assert_eq!(wanted(LIST, query).unwrap().order, order, "{query}");
        }
    }

    #[test]
    fn a_list_lies_between_two_times_and_the_older_reaches_back_10_seconds_further() {
        let at = Timestamp::from_secs;
        let found = wanted(LIST, "ot=1800000000&nt=1800000060&c=next").unwrap();
        assert_eq!(found.since, PostNumber::first_at(at(1_799_999_990)));
        assert_eq!(found.until, PostNumber::last_at(at(1_800_000_060)));
        assert_eq!(found.continuation.as_deref(), Some("next"));
        let open = wanted(LIST, "ot=&nt=&c=").unwrap();
        assert_eq!((open.since, open.until, open.continuation), (None, None, None));
        let first_visit = wanted(LIST, "ot=0").unwrap();
        assert_eq!((first_visit.since, first_visit.scope), (PostNumber::new(0), Scope::Everything));
        for nothing in ["nt=0", "nt=1000", "ot=4000000000"] {
            assert_eq!(wanted(LIST, nothing).unwrap().scope, Scope::Nothing, "{nothing}");
        }
    }
}
