//! A document of JSON: its own fields, and its entries wherever they are.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::node::{Any, Fields, KNOWN, LEVELS, Name, Node, fill};
use crate::guard::MAX_ENTRIES;

/// What a list of entries is called where it is not called `items`.
const ELSEWHERE: &[&str] = &["entries", "posts", "articles"];

/// A document.
#[derive(Debug, Default)]
pub(super) struct Root<'a> {
    pub(super) fields: Fields<'a>,
    /// `None` if there is no such list.
    pub(super) items: Option<Items<'a>>,
}

/// The first entries of the list.
#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    pub(super) list: Vec<Node<'a>>,
    /// Whether there were more.
    pub(super) cut: bool,
    /// Whether it has another name, or none.
    pub(super) elsewhere: bool,
}

/// Reads what `json` begins with; what follows is left alone. `None` if it is not JSON as the standard has it, or loses digits.
pub(super) fn read(json: &str) -> Option<Root<'_>> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_any(RootVisitor).ok()
}

struct RootVisitor;

impl<'de> Visitor<'de> for RootVisitor {
    type Value = Root<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Root<'de>, A::Error> {
        let mut root = Root::default();
        let mut candidates = Vec::new();
        while let Some(name) = members.next_key_seed(Name(&[KNOWN, &["items"], ELSEWHERE]))? {
            match name {
                Some("items") => {
                    let items = members.next_value_seed(ItemsSeed)?;
                    // An empty or odd one never takes the place of one that has something.
                    if root.items.as_ref().is_none_or(|known| known.list.is_empty()) {
                        root.items = items.or(root.items);
                    }
                }
                Some(name) if ELSEWHERE.contains(&name) => candidates.extend(members.next_value_seed(ItemsSeed)?),
                Some(name) => root.fields.put(name, members.next_value_seed(Any(LEVELS - 1))?),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        // Of two it is not clear which is meant.
        if root.items.is_none() && candidates.len() == 1 {
            root.items = candidates.pop().map(|items| Items { elsewhere: true, ..items });
        }
        Ok(root)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Root<'de>, A::Error> {
        let items = ItemsSeed.visit_seq(elements)?.map(|items| Items { elsewhere: true, ..items });
        Ok(Root { fields: Fields::default(), items })
    }
}

/// The entries: a list, or the object that PHP makes of a list with gaps, or one entry alone.
struct ItemsSeed;

impl<'de> DeserializeSeed<'de> for ItemsSeed {
    type Value = Option<Items<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed {
    type Value = Option<Items<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut items = Items::default();
        fill(&mut items.list, MAX_ENTRIES, Any(LEVELS), &mut elements)?;
        while elements.next_element::<IgnoredAny>()?.is_some() {
            items.cut = true;
        }
        Ok(Some(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut items = Items::default();
        let mut only = Fields::default();
        while let Some(name) = members.next_key_seed(Name(&[KNOWN]))? {
            match name {
                Some(name) => only.put(name, members.next_value_seed(Any(LEVELS - 1))?),
                None if items.list.len() < MAX_ENTRIES => items.list.push(members.next_value_seed(Any(LEVELS))?),
                None => {
                    members.next_value::<IgnoredAny>()?;
                    items.cut = true;
                }
            }
        }
        if !only.is_empty() {
            items.list = vec![Node::Object(only)];
        }
        Ok(Some(items))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}
