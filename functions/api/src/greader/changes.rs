//! What `subscription/edit` does to subscriptions.

use super::params::Params;
use super::stream::{Feed, Stream};
use crate::problem::Problem;

/// The most subscriptions of one call. Each is some writes.
const MOST: usize = 100;

/// What becomes of some subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) action: Action,
    pub(super) feeds: Vec<Feed>,
    /// What they are to be called.
    pub(super) title: Option<String>,
    /// Folders into which they are put.
    pub(super) into: Vec<String>,
    /// Folders out of which they are taken.
    pub(super) out_of: Vec<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Subscribe,
    Unsubscribe,
    Edit,
}

impl Change {
    /// What `ac`, `s`, `t`, `a` and `r` ask for.
    ///
    /// # Errors
    /// A problem when nothing is asked for, or something that a subscription does not have.
    pub(super) fn of(params: &Params) -> Result<Self, Problem> {
        let action = match params.get("ac") {
            Some("subscribe") => Action::Subscribe,
            Some("unsubscribe") => Action::Unsubscribe,
            Some("edit") => Action::Edit,
            _ => return Err(Problem::bad_query("`ac` must be subscribe, unsubscribe or edit")),
        };
        let feeds: Vec<Feed> = params.all("s").map(Feed::parse).collect();
        if feeds.is_empty() || feeds.len() > MOST {
            return Err(Problem::bad_query(format!("say with `s` which feeds are meant, 1 to {MOST} of them")));
        }
        let title = params.get("t").map(str::to_owned);
        let (into, out_of) = (folders(params, "a")?, folders(params, "r")?);
        Ok(Self { action, feeds, title, into, out_of })
    }
}

fn folders(params: &Params, name: &str) -> Result<Vec<String>, Problem> {
    let folder = |text| match Stream::parse(text) {
        Some(Stream::Label(folder)) => Ok(folder),
        _ => Err(Problem::bad_query(format!("`{name}` must be a folder: `user/-/label/…`"))),
    };
    params.all(name).map(folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_named_by_id_or_url_with_or_without_feed_before_them() {
        let id = || Feed::Id("3kTMd9aZ".parse().unwrap());
        let url = || Feed::Url("https://a.example/?x=1".to_owned());
        let change = |action, feeds, title: Option<&str>, into: &[&str], out_of: &[&str]| {
            let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Change { action, feeds, title: title.map(str::to_owned), into: own(into), out_of: own(out_of) }
        };
        let cases = [
            (
                "ac=subscribe&s=feed/https%3A%2F%2Fa.example%2F%3Fx%3D1",
                change(Action::Subscribe, vec![url()], None, &[], &[]),
            ),
            (
                "ac=subscribe&s=https%3A%2F%2Fa.example%2F%3Fx%3D1&t=A&a=user/-/label/B",
                change(Action::Subscribe, vec![url()], Some("A"), &["B"], &[]),
            ),
            ("ac=unsubscribe&s=feed/3kTMd9aZ&T=x", change(Action::Unsubscribe, vec![id()], None, &[], &[])),
            (
                "ac=unsubscribe&s=feed/3kTMd9aZ&s=feed/https%3A%2F%2Fa.example%2F%3Fx%3D1",
                change(Action::Unsubscribe, vec![id(), url()], None, &[], &[]),
            ),
            (
                "ac=edit&s=feed/3kTMd9aZ&t=&a=user/-/label/B%2FC&r=user/1005/label/D&T=",
                change(Action::Edit, vec![id()], None, &["B/C"], &["D"]),
            ),
        ];
        for (form, expected) in cases {
            assert_eq!(Change::of(&Params::of("", form.as_bytes())).unwrap(), expected, "{form}");
        }
    }

    #[test]
    fn what_is_no_change_is_refused() {
        let many = format!("ac=unsubscribe{}", "&s=feed/3kTMd9aZ".repeat(MOST + 1));
        for form in [
            "",
            "s=feed/3kTMd9aZ",
            "ac=delete&s=feed/3kTMd9aZ",
            "ac=edit",
            "ac=edit&s=",
            "ac=edit&s=feed/3kTMd9aZ&a=user/-/state/com.google/starred",
            "ac=edit&s=feed/3kTMd9aZ&r=News",
            &many,
        ] {
            assert!(Change::of(&Params::of("", form.as_bytes())).is_err(), "{form}");
        }
    }
}
