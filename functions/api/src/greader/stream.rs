//! Stream ids: what a list is of.

use std::fmt;

use domain::id::SourceId;

/// What a client calls a list of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// One subscription.
    Feed(Feed),
    /// Everything of one kind.
    State(State),
    /// A folder, or the posts that carry a label.
    Label(String),
}

/// How a client names a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    /// As Feedmill does, by the source's id: no character of it has to be encoded, and some clients do not.
    Id(SourceId),
    /// As Google did, by its URL.
    Url(String),
}

/// A kind of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All.
    ReadingList,
    /// Read.
    Read,
    /// Unread. Clients that do not know of "kept" ones mean the same.
    KeptUnread,
    /// What a client adds when it marks as unread; it says nothing more.
    TrackingKeptUnread,
    /// Starred.
    Starred,
    /// Shared, which Feedmill does elsewhere.
    Broadcast,
}

impl State {
    const ALL: [(Self, &'static str); 6] = [
        (Self::ReadingList, "reading-list"),
        (Self::Read, "read"),
        (Self::KeptUnread, "kept-unread"),
        (Self::TrackingKeptUnread, "tracking-kept-unread"),
        (Self::Starred, "starred"),
        (Self::Broadcast, "broadcast"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(state, _)| *state == self).map_or("", |(_, word)| word)
    }
}

impl Stream {
    /// What `text` names, percent-decoded: `feed/…`, or `state/com.google/…` or `label/…` of a user. Whoever asks is meant, whatever user it says: there is no way to another's. `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(feed) = text.strip_prefix("feed/").filter(|feed| !feed.is_empty()) {
            return Some(Self::Feed(Feed::parse(feed)));
        }
        let (_, what) = text.strip_prefix("user/")?.split_once('/')?;
        if let Some(label) = what.strip_prefix("label/") {
            return (!label.is_empty()).then(|| Self::Label(label.to_owned()));
        }
        let word = what.strip_prefix("state/com.google/")?;
        State::ALL.into_iter().find(|(_, known)| *known == word).map(|(state, _)| Self::State(state))
    }
}

impl Feed {
    /// As a client names it, with or without `feed/` before it.
    pub(super) fn parse(text: &str) -> Self {
        let name = text.strip_prefix("feed/").unwrap_or(text);
        name.parse().map_or_else(|_| Self::Url(name.to_owned()), Self::Id)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feed(Feed::Id(source)) => write!(f, "feed/{source}"),
            Self::Feed(Feed::Url(url)) => write!(f, "feed/{url}"),
            Self::State(state) => write!(f, "user/-/state/com.google/{}", state.word()),
            Self::Label(name) => write!(f, "user/-/label/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, stream: Option<Stream>, printed: &str) {
        let found = Stream::parse(text);
        assert_eq!(found, stream, "{text}");
        assert_eq!(found.map(|found| found.to_string()).unwrap_or_default(), printed, "{text}");
    }

    #[test]
    fn a_stream_is_a_feed_by_id_or_url_a_state_or_a_label_of_whoever_asks() {
        let state = |state| Some(Stream::State(state));
        let label = |name: &str| Some(Stream::Label(name.to_owned()));
        let url = |url: &str| Some(Stream::Feed(Feed::Url(url.to_owned())));
        let id = Some(Stream::Feed(Feed::Id("3kTMd9aZ".parse().unwrap())));
        let user = "user/9f1c2d3e-4b5a-4678-9abc-def012345678";
        check("feed/3kTMd9aZ", id, "feed/3kTMd9aZ");
        check(
            "feed/https://a.example/x?y=1&z=2",
            url("https://a.example/x?y=1&z=2"),
            "feed/https://a.example/x?y=1&z=2",
        );
        for who in ["user/-", "user/1005921515", user] {
            for (kind, word) in State::ALL {
                let printed = format!("user/-/state/com.google/{word}");
                check(&format!("{who}/state/com.google/{word}"), state(kind), &printed);
            }
            for name in ["News", "Küche & Bad", "a/b/c", "100%", "/", "label/x", " "] {
                check(&format!("{who}/label/{name}"), label(name), &format!("user/-/label/{name}"));
            }
        }
    }

    #[test]
    fn nothing_else_is_a_stream() {
        for text in [
            "",
            "feed/",
            "feed",
            "user/-",
            "user/-/label/",
            "user/-/state/com.google/",
            "user/-/state/com.google/liked",
            "user/-/state/com.blogger/starred",
            "label/x",
            "splice/feed/a",
        ] {
            check(text, None, "");
        }
    }
}
