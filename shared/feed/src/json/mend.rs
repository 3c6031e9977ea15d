//! JSON that no parser takes, written anew so that every parser does: in one pass, without recursion.
//!
//! It never guesses what a document says, only where its parts end. What is cut off is dropped up to the last value that is whole: of a feed, the last
//! whole entry.

use super::text::{self, Quoted};
use crate::FeedError;
use crate::repair::Repairs;

/// What serde_json takes.
const MAX_DEPTH: usize = 127;

/// Writes anew what `json` begins with, an object or a list; what follows is left alone.
///
/// # Errors
/// [`FeedError::Limit`] if it is nested too deep, [`FeedError::Broken`] if it is cut off before it says anything.
pub(super) fn mend(json: &str, repairs: &mut Repairs) -> Result<String, FeedError> {
    let mut mender =
        Mender { text: json, at: 0, out: String::with_capacity(json.len()), open: Vec::new(), whole: None };
    loop {
        mender.skip_space(repairs);
        let Some(next) = mender.text[mender.at..].chars().next() else {
            repairs.note("truncated");
            return mender.cut().ok_or(FeedError::Broken { what: "its JSON is cut off or malformed" });
        };
        match next {
            '{' | '[' => mender.open(next == '[', repairs)?,
            '}' | ']' => mender.close(next == ']', repairs),
            ',' => mender.comma(repairs),
            ':' => mender.colon(repairs),
            '"' | '\'' => mender.quoted(next, repairs),
            _ => mender.word(repairs),
        }
        if mender.open.is_empty() {
            return Ok(mender.out);
        }
    }
}

/// What comes next in an object or list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// A name in an object, a value in a list; or the end.
    Element,
    /// The colon behind a name.
    Colon,
    /// The value behind a colon.
    Value,
    /// A comma, or the end.
    Comma,
}

/// An object or list that has not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    is_list: bool,
    expected: Expected,
    /// Whether nothing is in it yet.
    is_empty: bool,
}

struct Mender<'a> {
    text: &'a str,
    at: usize,
    out: String,
    open: Vec<Open>,
    /// How much of what is written is whole, and how much is open there.
    whole: Option<(usize, usize)>,
}

impl Mender<'_> {
    fn skip_space(&mut self, repairs: &mut Repairs) {
        loop {
            let rest = &self.text[self.at..];
            let space = rest.find(|c: char| !text::is_space(c)).unwrap_or(rest.len());
            let comment = text::comment(&rest[space..]);
            self.at += space + comment;
            if comment == 0 {
                return;
            }
            repairs.note("json_comments");
        }
    }

    fn open(&mut self, is_list: bool, repairs: &mut Repairs) -> Result<(), FeedError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(FeedError::Limit { what: "its JSON is nested too deep", limit: MAX_DEPTH });
        }
        self.at += 1;
        if !self.open.is_empty() {
            self.before_value(repairs);
        }
        self.out.push(if is_list { '[' } else { '{' });
        self.open.push(Open { is_list, expected: Expected::Element, is_empty: true });
        if is_list && self.open.len() <= 2 || self.open.len() == 1 {
            self.whole = Some((self.out.len(), self.open.len()));
        }
        Ok(())
    }

    fn close(&mut self, is_list: bool, repairs: &mut Repairs) {
        self.at += 1;
        let Some(depth) = self.open.iter().rposition(|open| open.is_list == is_list) else {
            return repairs.note("json_punctuation");
        };
        if depth + 1 < self.open.len() {
            repairs.note("json_punctuation");
        }
        while self.open.len() > depth {
            self.end_one(repairs);
        }
    }

    fn end_one(&mut self, repairs: &mut Repairs) {
        let Some(open) = self.open.pop() else { return };
        match open.expected {
            Expected::Colon => self.out.push_str(":null"),
            Expected::Value => self.out.push_str("null"),
            Expected::Element | Expected::Comma => {}
        }
        let is_odd = open.expected != Expected::Comma && !open.is_empty;
        if is_odd {
            repairs.note("json_punctuation");
        }
        self.out.push(if open.is_list { ']' } else { '}' });
        self.after_value();
    }

    fn comma(&mut self, repairs: &mut Repairs) {
        self.at += 1;
        match self.open.last_mut() {
            Some(open) if open.expected == Expected::Comma => open.expected = Expected::Element,
            _ => repairs.note("json_punctuation"),
        }
    }

    fn colon(&mut self, repairs: &mut Repairs) {
        self.at += 1;
        match self.open.last_mut() {
            Some(open) if open.expected == Expected::Colon => {
                open.expected = Expected::Value;
                self.out.push(':');
            }
            _ => repairs.note("json_punctuation"),
        }
    }

    fn quoted(&mut self, mark: char, repairs: &mut Repairs) {
        let is_name = self.is_name();
        let Some(Quoted { len, is_odd }) = text::quoted_len(&self.text[self.at..], mark, is_name, self.in_list())
        else {
            self.at = self.text.len();
            return;
        };
        if is_odd {
            repairs.note("json_text");
        }
        let start = self.at;
        self.at += len;
        self.before(is_name, repairs);
        text::push_quoted(&self.text[start + 1..self.at - 1], &mut self.out);
        self.after(is_name);
    }

    /// A number, `true`, or what stands without the quotes it should have.
    fn word(&mut self, repairs: &mut Repairs) {
        let rest = &self.text[self.at..];
        let len = text::word_len(rest);
        self.at += len;
        let word = &rest[..len];
        let is_name = self.is_name();
        if self.at == self.text.len() {
            // More of it may be missing.
            return;
        }
        self.before(is_name, repairs);
        match text::literal(word).filter(|_| !is_name) {
            Some(literal) => {
                if literal != word {
                    repairs.note("json_words");
                }
                self.out.push_str(literal);
            }
            None => {
                if !text::is_number(word) || is_name {
                    repairs.note("json_words");
                }
                text::push_quoted(word, &mut self.out);
            }
        }
        self.after(is_name);
    }

    fn in_list(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_list)
    }

    /// Whether the next text is the name of a field.
    fn is_name(&self) -> bool {
        let is_value = |open: &Open| open.is_list || matches!(open.expected, Expected::Colon | Expected::Value);
        !self.open.last().is_some_and(is_value)
    }

    fn before(&mut self, is_name: bool, repairs: &mut Repairs) {
        match is_name {
            true => self.separate(repairs),
            false => self.before_value(repairs),
        }
    }

    /// Writes what must stand before a value.
    fn before_value(&mut self, repairs: &mut Repairs) {
        let Some(open) = self.open.last() else { return };
        match open.expected {
            Expected::Value => {}
            Expected::Colon => {
                repairs.note("json_punctuation");
                self.out.push(':');
            }
            _ => {
                let is_list = open.is_list;
                self.separate(repairs);
                if !is_list {
                    // An object in an object, without a name.
                    repairs.note("json_punctuation");
                    self.out.push_str("\"\":");
                }
            }
        }
    }

    /// Writes the comma before an element, if one belongs there.
    fn separate(&mut self, repairs: &mut Repairs) {
        let Some(open) = self.open.last_mut() else { return };
        if open.expected == Expected::Comma {
            repairs.note("json_punctuation");
        }
        if !open.is_empty {
            self.out.push(',');
        }
        open.is_empty = false;
    }

    fn after(&mut self, is_name: bool) {
        match self.open.last_mut().filter(|_| is_name) {
            Some(open) => open.expected = Expected::Colon,
            None => self.after_value(),
        }
    }

    /// Remembers that a value has ended: a member of the document, or an element of a list in it, is whole.
    fn after_value(&mut self) {
        let depth = self.open.len();
        let Some(open) = self.open.last_mut() else { return };
        open.expected = Expected::Comma;
        if depth == 1 || depth == 2 && open.is_list {
            self.whole = Some((self.out.len(), depth));
        }
    }

    /// What is whole of a text that ends too soon.
    fn cut(mut self) -> Option<String> {
        let (len, depth) = self.whole?;
        self.out.truncate(len);
        self.out.extend(self.open.iter().take(depth).rev().map(|open| if open.is_list { ']' } else { '}' }));
        Some(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    fn check(json: &str, expected: &str, notes: &[&str]) {
        let mut repairs = Repairs::default();
        assert_eq!(mend(json, &mut repairs).ok().as_deref(), Some(expected), "{json}");
        assert_eq!(repairs.names(), notes, "{json}");
    }

    #[test]
    fn each_mistake_is_mended_and_named() {
        check(r#"{"a":[1,{"b":null}],"c":"\u00e9"} rest"#, r#"{"a":[1,{"b":null}],"c":"\u00e9"}"#, &[]);
        check("{/*x*/\"a\"://y\n1}", r#"{"a":1}"#, &["json_comments"]);
        check(r#"{"a":[1,,2,],}"#, r#"{"a":[1,2]}"#, &["json_punctuation"]);
        check("{\"a\":\"1\"\n\"b\" 2}", r#"{"a":"1","b":2}"#, &["json_punctuation"]);
        check(r#"{"a":[{"b":1]}"#, r#"{"a":[{"b":1}]}"#, &["json_punctuation"]);
        check("{'a':'it's','b':\"x\ty\0\\'\"}", r#"{"a":"it's","b":"x\ty '"}"#, &["json_text"]);
        check(r#"{"a":"say "hi", he said","b":1}"#, r#"{"a":"say \"hi\", he said","b":1}"#, &["json_text"]);
        check(
            r#"{a:NaN,b:undefined,c:True,d:x,e:-.5}"#,
            r#"{"a":null,"b":null,"c":true,"d":"x","e":"-.5"}"#,
            &["json_words"],
        );
        check(r#"{"a":123456789012345678901234567890}"#, r#"{"a":"123456789012345678901234567890"}"#, &[]);
        check(r#"{"a":"\x \u12 \ud800 \ud83d\ude00"}"#, r#"{"a":"x u12 � \ud83d\ude00"}"#, &["json_text"]);
    }

    #[test]
    fn of_what_is_cut_off_all_that_is_whole_stays() {
        let whole = r#"{"v":"1","items":[{"id":"1","tags":["a"]},{"id":"2"}],"x":{"y":1}}"#;
        let kept = [
            (0, None),
            (1, Some("{}")),
            (7, Some("{}")),
            (8, Some(r#"{"v":"1"}"#)),
            (18, Some(r#"{"v":"1","items":[]}"#)),
            (39, Some(r#"{"v":"1","items":[]}"#)),
            (41, Some(r#"{"v":"1","items":[{"id":"1","tags":["a"]}]}"#)),
            (50, Some(r#"{"v":"1","items":[{"id":"1","tags":["a"]}]}"#)),
            (60, Some(r#"{"v":"1","items":[{"id":"1","tags":["a"]},{"id":"2"}]}"#)),
        ];
        for (len, expected) in kept {
            let mut repairs = Repairs::default();
            assert_eq!(mend(&whole[..len], &mut repairs).ok().as_deref(), expected, "{len}");
            assert_eq!(repairs.names(), ["truncated"]);
        }
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth| mend(&"[".repeat(depth), &mut Repairs::default());
        assert!(nested(MAX_DEPTH).is_ok());
        assert!(matches!(nested(MAX_DEPTH + 1), Err(FeedError::Limit { .. })));
    }

    proptest! {
        #[test]
        fn what_is_mended_is_json(
            pieces in prop::collection::vec(
                prop_oneof!["[\\[\\]{}:,\"'\\\\]", "(//|/\\*|\\*/|\n| |NaN|true|-1.5e3|01|a|\\\\u|d83d|\"x\"|é)", "\\PC"],
                0..40,
            ),
        ) {
            let json = format!("{{{}", pieces.concat());
            if let Ok(mended) = mend(&json, &mut Repairs::default()) {
                prop_assert!(serde_json::from_str::<IgnoredAny>(&mended).is_ok(), "{json} became {mended}");
                prop_assert!(super::super::root::read(&mended).is_some(), "{json} became {mended}");
            }
        }
    }
}
