//! E-mail addresses: shown as typed, compared whatever their case.

use std::fmt;
use std::str::FromStr;

use crate::caseless::caseless;

/// An e-mail address as its owner typed it, without the white space around it.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// RFC 5321, section 4.5.3.1.3, less the brackets: so many bytes reach anybody.
    pub const MAX_BYTES: usize = 254;

    /// The address as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two addresses the same: lower-case, letter by letter, a final sigma like any other.
    pub fn key(&self) -> String {
        caseless(&self.0)
    }
}

/// The text is no e-mail address. It is not repeated: it may be a password in the wrong field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address: expected one @ with something on both sides, no spaces, at most 254 bytes")]
pub struct BadEmail;

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(BadEmail)?;
        let whole = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
        let plain = !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        (whole && plain && text.len() <= Self::MAX_BYTES).then(|| Self(text.to_owned())).ok_or(BadEmail)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let parsed = text.parse::<Email>();
        let found = parsed.as_ref().map(|email| (email.as_str().to_owned(), email.key())).ok();
        assert_eq!(found, expected.map(|(shown, key)| (shown.to_owned(), key.to_owned())), "{text:?}");
    }

    #[test]
    fn an_address_is_shown_as_typed_and_found_whatever_its_case() {
        let cases = [
            ("ada@example.org", "ada@example.org", "ada@example.org"),
            ("  Ada@Example.ORG\t\n", "Ada@Example.ORG", "ada@example.org"),
            ("Käthe.ÖZ@exämple.org", "Käthe.ÖZ@exämple.org", "käthe.öz@exämple.org"),
            ("ΛΟΓΟΣ@example.org", "ΛΟΓΟΣ@example.org", "λογοσ@example.org"),
            ("λόγος@example.org", "λόγος@example.org", "λόγοσ@example.org"),
            ("a+tag@localhost", "a+tag@localhost", "a+tag@localhost"),
        ];
        for (text, shown, key) in cases {
            check(text, Some((shown, key)));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "@", "a@", "@b", "ada", "a@b@c", "a@@b", "a b@c", "a@b c", "a\u{a0}b@c", "a\0@b", "a@b\r\nBcc:c"]
        {
            check(text, None);
        }
        let (fits, over) = (format!("{}@b", "a".repeat(252)), format!("{}@b", "a".repeat(253)));
        check(&fits, Some((&fits, &fits)));
        check(&over, None);
        check(&format!(" {fits} "), Some((&fits, &fits)));
        check(&format!("{}@b", "ä".repeat(127)), None);
    }

    #[test]
    fn debug_says_nothing_of_an_address() {
        assert_eq!(format!("{:?}", "ada@example.org".parse::<Email>()), "Ok(Email(..))");
    }

    proptest! {
        #[test]
        fn an_address_parses_what_it_shows_and_its_key_is_an_address_with_that_key(text in "\\PC{1,20}@\\PC{1,20}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_str(), text.trim());
                prop_assert_eq!(email.as_str().parse::<Email>(), Ok(email.clone()));
                prop_assert_eq!(email.key().parse::<Email>().unwrap().key(), email.key());
            }
        }

        #[test]
        fn upper_and_lower_case_are_one_address(text in "[a-zà-öø-þα-ρς-ωа-я0-9.]{1,20}@[a-z.]{1,9}") {
            let key = |text: &str| text.parse::<Email>().unwrap().key();
            prop_assert_eq!(key(&text.to_uppercase()), key(&text));
            prop_assert_eq!(key(&text.to_lowercase()), key(&text));
        }
    }
}
