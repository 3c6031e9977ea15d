//! How a person likes to read. The defaults are what nobody has to say; whoever shows posts goes by these.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::reading::{Order, ReadState};

/// All preferences of one user. As stored, it may have keys that only newer code knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Of texts that are ours; `None`: what the browser asks for.
    pub language: Option<Language>,
    /// In which days begin and times are shown; `None`: the browser's.
    pub time_zone: Option<TimeZone>,
    /// Light or dark.
    pub theme: Theme,
    /// How a list shows its posts.
    pub view: View,
    /// Which way a list goes.
    #[serde(with = "order")]
    pub order: Order,
    /// What makes a post read.
    pub mark_read: MarkRead,
    /// Posts of one page.
    pub page_size: PageSize,
    /// Of a new subscription so many of the last posts are unread.
    pub unread_on_subscribe: FirstUnread,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            language: None,
            time_zone: None,
            theme: Theme::System,
            view: View::List,
            order: Order::NewestFirst,
            mark_read: MarkRead::OnOpen,
            page_size: PageSize(50),
            unread_on_subscribe: FirstUnread::default(),
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system is.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// How a list shows its posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// A line a post.
    List,
    /// Title, picture and summary.
    Cards,
    /// Each post whole.
    Expanded,
}

/// What makes a post read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkRead {
    /// Opening it.
    OnOpen,
    /// Scrolling past it.
    OnScroll,
    /// Only saying so.
    Manually,
}

/// A language tag as RFC 5646, section 2.1, has it, at most 35 characters: `en`, `pt-BR`, `zh-Hant`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// The name of a time zone as RFC 9557, section 4.1, has it, at most 64 characters: `UTC`, `Europe/Berlin`. Whether there is such a zone is for who shows times to know:
/// the list changes several times a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(String);

/// 10 to 200 posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct PageSize(u16);

/// 0 to 1,000 posts; [`ReadState::FRESH`] of them unless somebody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct FirstUnread(u16);

/// A preference cannot be that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPreference {
    /// No language tag.
    #[error("`language` must be a language tag, for example `en` or `pt-BR`")]
    Language,
    /// No time zone's name.
    #[error("`time_zone` must be the name of a time zone, for example `Europe/Berlin`")]
    TimeZone,
    /// Too few or too many.
    #[error("`page_size` must be 10 to 200")]
    PageSize,
    /// Too many.
    #[error("`unread_on_subscribe` must be 0 to 1000")]
    FirstUnread,
}

impl FromStr for Language {
    type Err = BadPreference;

    fn from_str(text: &str) -> Result<Self, BadPreference> {
        let mut parts = text.split('-');
        let first = parts
            .next()
            .is_some_and(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
        let rest =
            parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let good = first && rest && text.len() <= 35;
        good.then(|| Self(text.to_owned())).ok_or(BadPreference::Language)
    }
}

impl FromStr for TimeZone {
    type Err = BadPreference;

    fn from_str(text: &str) -> Result<Self, BadPreference> {
        let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'.' || byte == b'_';
        let goes_on = |byte: u8| begins(byte) || byte.is_ascii_digit() || byte == b'-' || byte == b'+';
        let part = |part: &str| {
            let mut bytes = part.bytes();
            part != "." && part != ".." && bytes.next().is_some_and(begins) && bytes.all(goes_on)
        };
        let good = text.len() <= 64 && text.split('/').all(part);
        good.then(|| Self(text.to_owned())).ok_or(BadPreference::TimeZone)
    }
}

impl PageSize {
    /// That many.
    ///
    /// # Errors
    /// [`BadPreference::PageSize`] below 10 or above 200.
    pub fn new(posts: u16) -> Result<Self, BadPreference> {
        (10..=200).contains(&posts).then_some(Self(posts)).ok_or(BadPreference::PageSize)
    }

    /// How many.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for PageSize {
    type Error = BadPreference;

    fn try_from(posts: u16) -> Result<Self, BadPreference> {
        Self::new(posts)
    }
}

impl From<PageSize> for u16 {
    fn from(size: PageSize) -> Self {
        size.0
    }
}

impl FirstUnread {
    /// That many.
    ///
    /// # Errors
    /// [`BadPreference::FirstUnread`] above 1,000.
    pub fn new(posts: u16) -> Result<Self, BadPreference> {
        (posts <= 1_000).then_some(Self(posts)).ok_or(BadPreference::FirstUnread)
    }

    /// How many.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for FirstUnread {
    fn default() -> Self {
        Self(ReadState::FRESH)
    }
}

impl TryFrom<u16> for FirstUnread {
    type Error = BadPreference;

    fn try_from(posts: u16) -> Result<Self, BadPreference> {
        Self::new(posts)
    }
}

impl From<FirstUnread> for u16 {
    fn from(posts: FirstUnread) -> Self {
        posts.0
    }
}

/// Texts that are read by [`FromStr`] wherever they come from.
macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = BadPreference;

            fn try_from(text: String) -> Result<Self, BadPreference> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )+};
}

as_text!(Language, TimeZone);

mod order {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::reading::Order;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        NewestFirst,
        OldestFirst,
    }

    pub(super) fn serialize<S: Serializer>(order: &Order, serializer: S) -> Result<S::Ok, S::Error> {
        let word = match order {
            Order::NewestFirst => Word::NewestFirst,
            Order::OldestFirst => Word::OldestFirst,
        };
        word.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Order, D::Error> {
        Ok(match Word::deserialize(deserializer)? {
            Word::NewestFirst => Order::NewestFirst,
            Word::OldestFirst => Order::OldestFirst,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: FromStr<Err = BadPreference>>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text:?}");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn languages_are_tags_and_time_zones_are_names() {
        check::<Language>(
            &["en", "pt-BR", "zh-Hant-TW", "de-CH-1996", "sl-rozaj-biske"],
            &[
                "",
                "e",
                "english language",
                "en_US",
                "en-",
                "-en",
                "12",
                "en-ümlaut",
                "a-very-long-tag-of-more-than-thirty-five",
            ],
        );
        check::<TimeZone>(
            &["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
            &["", "/", "Europe/", "../etc", "Europe/..", "+01:00", "Europe Berlin", "Europe/Zürich"],
        );
        assert_eq!(PageSize::new(9), Err(BadPreference::PageSize));
        assert_eq!(PageSize::new(200).map(PageSize::get), Ok(200));
        assert_eq!(FirstUnread::new(1_001), Err(BadPreference::FirstUnread));
        assert_eq!(FirstUnread::new(1_000).map(FirstUnread::get), Ok(1_000));
    }

    #[test]
    fn what_is_not_said_is_as_ever_and_what_makes_no_sense_is_refused() {
        let read = |json: &str| serde_json::from_str::<Preferences>(json);
        assert_eq!(read("{}").unwrap(), Preferences::default());
        assert_eq!(read(r#"{"order":"oldest_first"}"#).unwrap().order, Order::OldestFirst);
        for bad in [r#"{"theme":"red"}"#, r#"{"page_size":7}"#, r#"{"time_zone":"../x"}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let mine = Preferences { language: "de".parse().ok(), theme: Theme::Dark, ..Preferences::default() };
        assert_eq!(read(&serde_json::to_string(&mine).unwrap()).unwrap(), mine);
    }
}
