//! JSON as a small tree: fields of known names alone, lists cut, nothing deeper than a feed goes. So it stays smaller than its text several times over.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// All that is read, of the feed and of what is in it.
pub(super) const KNOWN: &[&str] = &[
    "attachments",
    "author",
    "authors",
    "banner_image",
    "content_html",
    "content_text",
    "date_modified",
    "date_published",
    "description",
    "external_url",
    "favicon",
    "feed_url",
    "home_page_url",
    "hubs",
    "icon",
    "id",
    "image",
    "language",
    "mime_type",
    "name",
    "size_in_bytes",
    "summary",
    "tags",
    "title",
    "type",
    "url",
    "version",
];
/// Elements of a list in an entry.
const MAX_LIST: usize = 256;
/// Item, list, element.
pub(super) const LEVELS: u8 = 3;
/// Beyond this, numbers lose digits, and two ids would be one.
const EXACT: f64 = 1e15;

/// A value.
#[derive(Debug, Default)]
pub(super) enum Node<'a> {
    /// `null`, `true`, `false`, and what is too deep.
    #[default]
    Nothing,
    /// Numbers too: they are meant as text where they are not meant as dates or sizes, which are read from text as well.
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Fields<'a>),
}

/// An object, without what nobody asks for.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(&'static str, Node<'a>)>);

impl<'a> Node<'a> {
    pub(super) fn fields(&self) -> Option<&Fields<'a>> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn is_blank(&self) -> bool {
        matches!(self, Self::Nothing) || self.text().is_some_and(|text| text.trim().is_empty())
    }

    /// A text, or the `name` of an object.
    pub(super) fn name(&self) -> Option<&str> {
        self.text().or_else(|| self.fields()?.text("name"))
    }
}

impl<'a> Fields<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, node)| node)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// A list's elements; anything else is a list of one.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &Node<'a>> {
        match self.get(name) {
            Some(Node::List(list)) => list.as_slice(),
            Some(node) => std::slice::from_ref(node),
            None => &[],
        }
        .iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of two fields of one name the last counts, as everywhere in JSON, if it says anything.
    pub(super) fn put(&mut self, name: &'static str, node: Node<'a>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(_) if node.is_blank() => {}
            Some((_, old)) => *old = node,
            None => self.0.push((name, node)),
        }
    }
}

/// The name of a field, if it is among `names`.
pub(super) struct Name(pub(super) &'static [&'static [&'static str]]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().flat_map(|names| names.iter()).find(|known| **known == name).copied())
    }
}

/// Any value, of which so many levels are kept.
#[derive(Clone, Copy)]
pub(super) struct Any(pub(super) u8);

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(Node::Nothing)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Node<'de>, E> {
        Ok(Node::Nothing)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Text(number.to_string().into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Text(number.to_string().into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Node<'de>, E> {
        match number.abs() < EXACT {
            true => Ok(Node::Text(number.to_string().into())),
            false => Err(E::custom("a number that loses digits")),
        }
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(text.to_owned().into()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Node<'de>, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node<'de>, A::Error> {
        let mut list = Vec::new();
        if self.0 > 0 {
            fill(&mut list, MAX_LIST, Any(self.0 - 1), &mut elements)?;
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(if self.0 > 0 { Node::List(list) } else { Node::Nothing })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = members.next_key_seed(Name(&[KNOWN]))? {
            match name.filter(|_| self.0 > 0) {
                Some(name) => fields.put(name, members.next_value_seed(Any(self.0 - 1))?),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(if self.0 > 0 { Node::Object(fields) } else { Node::Nothing })
    }
}

/// Reads at most `max` elements.
pub(super) fn fill<'de, A: SeqAccess<'de>>(
    list: &mut Vec<Node<'de>>,
    max: usize,
    each: Any,
    elements: &mut A,
) -> Result<(), A::Error> {
    while list.len() < max {
        match elements.next_element_seed(each)? {
            Some(element) => list.push(element),
            None => break,
        }
    }
    Ok(())
}
