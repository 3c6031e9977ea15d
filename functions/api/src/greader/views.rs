//! What apps see of subscriptions, tags and counts.

use domain::id::{PostNumber, SourceId};
use serde::Serialize;

use super::stream::{Feed, State, Stream};
use super::times;

/// All subscriptions.
#[derive(Debug, Serialize)]
pub(super) struct Subscriptions {
    pub(super) subscriptions: Vec<SubscriptionView>,
}

/// A subscription. Every field is there, and a text where apps expect one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionView {
    pub(super) id: String,
    pub(super) title: String,
    /// The folders in which it is.
    pub(super) categories: Vec<Category>,
    pub(super) url: String,
    pub(super) html_url: String,
    pub(super) icon_url: String,
}

/// A folder.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Category {
    id: String,
    label: String,
}

impl Category {
    pub(super) fn of(name: &str) -> Self {
        Self { id: label_id(name), label: name.to_owned() }
    }
}

/// All tags.
#[derive(Debug, Serialize)]
pub(super) struct Tags {
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
struct Tag {
    id: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

impl Tags {
    /// The starred state, folders, and those labels that are not called like one: they could not be told apart.
    pub(super) fn of<'a>(folders: &[&'a str], labels: impl IntoIterator<Item = &'a str>) -> Self {
        let starred = Tag { id: Stream::State(State::Starred).to_string(), kind: None };
        let folder = |name: &&str| Tag { id: label_id(name), kind: Some("folder") };
        let label = |name: &str| Tag { id: label_id(name), kind: Some("tag") };
        let own = labels.into_iter().filter(|label| !folders.contains(label)).map(label);
        Self { tags: [starred].into_iter().chain(folders.iter().map(folder)).chain(own).collect() }
    }
}

/// How much is unread.
#[derive(Debug, Serialize)]
pub(super) struct Counts {
    max: u64,
    unreadcounts: Vec<Count>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    id: String,
    count: u64,
    newest_item_timestamp_usec: String,
}

/// What is unread of one subscription.
pub(super) struct Unread<'a> {
    pub(super) source: SourceId,
    pub(super) folders: Vec<&'a str>,
    pub(super) count: u64,
    /// Its newest post, read or not.
    pub(super) newest: Option<PostNumber>,
}

impl Counts {
    /// Of subscriptions, of the folders in which they are, and of all; those with nothing unread are left out, but for all.
    pub(super) fn of(unread: &[Unread<'_>]) -> Self {
        let mut counts: Vec<(Stream, u64, Option<PostNumber>)> = Vec::new();
        let mut all = (Stream::State(State::ReadingList), 0, None);
        for one in unread {
            add(&mut all, one);
            counts.push((Stream::Feed(Feed::Id(one.source)), one.count, one.newest));
        }
        let feeds = counts.len();
        for (one, folder) in unread.iter().flat_map(|one| one.folders.iter().map(move |folder| (one, folder))) {
            let label = Stream::Label((*folder).to_owned());
            match counts[feeds..].iter_mut().find(|(stream, ..)| *stream == label) {
                Some(count) => add(count, one),
                None => counts.push((label, one.count, one.newest)),
            }
        }
        counts.retain(|(_, count, _)| *count > 0);
        counts.push(all);
        let max = counts.iter().map(|(_, count, _)| *count).max().unwrap_or_default();
        Self { max, unreadcounts: counts.into_iter().map(Count::of).collect() }
    }
}

fn add(count: &mut (Stream, u64, Option<PostNumber>), one: &Unread<'_>) {
    count.1 += one.count;
    count.2 = count.2.max(one.newest);
}

impl Count {
    fn of((stream, count, newest): (Stream, u64, Option<PostNumber>)) -> Self {
        let newest = newest.map_or_else(|| "0".to_owned(), |number| times::micros(number.minted_at()));
        Self { id: stream.to_string(), count, newest_item_timestamp_usec: newest }
    }
}

fn label_id(name: &str) -> String {
    Stream::Label(name.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Timestamp;
    use serde_json::json;

    #[test]
    fn a_subscription_has_every_field_that_apps_look_for() {
        let view = SubscriptionView {
            id: "feed/3kTMd9aZ".to_owned(),
            title: "News".to_owned(),
            categories: vec![Category::of("To do/now")],
            url: "https://a.example/feed".to_owned(),
            html_url: "https://a.example/".to_owned(),
            icon_url: String::new(),
        };
        let expected = json!({ "subscriptions": [{
            "id": "feed/3kTMd9aZ",
            "title": "News",
            "categories": [{ "id": "user/-/label/To do/now", "label": "To do/now" }],
            "url": "https://a.example/feed",
            "htmlUrl": "https://a.example/",
            "iconUrl": "",
        }] });
        assert_eq!(serde_json::to_value(Subscriptions { subscriptions: vec![view] }).unwrap(), expected);
    }

    #[test]
    fn tags_are_the_star_folders_and_labels_each_name_once() {
        let tags = serde_json::to_value(Tags::of(&["News", "Both"], ["Both", "Later"])).unwrap();
        let expected = json!({ "tags": [
            { "id": "user/-/state/com.google/starred" },
            { "id": "user/-/label/News", "type": "folder" },
            { "id": "user/-/label/Both", "type": "folder" },
            { "id": "user/-/label/Later", "type": "tag" },
        ] });
        assert_eq!(tags, expected);
        assert_eq!(
            serde_json::to_value(Tags::of(&[], [])).unwrap(),
            json!({ "tags": [{ "id": "user/-/state/com.google/starred" }] })
        );
    }

    #[test]
    fn unread_is_counted_by_feed_by_folder_and_in_all() {
        let at = |seconds| PostNumber::first_at(Timestamp::from_secs(seconds));
        let unread = |source: &str, folders: &[&'static str], count, newest| Unread {
            source: source.parse().unwrap(),
            folders: folders.to_vec(),
            count,
            newest,
        };
        let counts = Counts::of(&[
            unread("aaaaaaaa", &["A", "B"], 2, at(1_800_000_000)),
            unread("bbbbbbbb", &["A"], 3, at(1_800_000_005)),
            unread("cccccccc", &["C"], 0, at(1_800_000_009)),
        ]);
        let count =
            |id: &str, count: u64, newest: &str| json!({ "id": id, "count": count, "newestItemTimestampUsec": newest });
        let expected = json!({ "max": 5, "unreadcounts": [
            count("feed/aaaaaaaa", 2, "1800000000000000"),
            count("feed/bbbbbbbb", 3, "1800000005000000"),
            count("user/-/label/A", 5, "1800000005000000"),
            count("user/-/label/B", 2, "1800000000000000"),
            count("user/-/state/com.google/reading-list", 5, "1800000009000000"),
        ] });
        assert_eq!(serde_json::to_value(&counts).unwrap(), expected);
        let nothing = serde_json::to_value(Counts::of(&[unread("aaaaaaaa", &[], 0, None)])).unwrap();
        assert_eq!(nothing["unreadcounts"], json!([count("user/-/state/com.google/reading-list", 0, "0")]));
    }
}
