//! Ids of items. An item's id is its post's number, in whichever form a client writes it.

use domain::id::PostNumber;

/// What the long form begins with.
const PREFIX: &str = "tag:google.com,2005:reader/item/";

/// The post that an `i` names: behind the prefix a hexadecimal number of any length; without it a decimal one if it is all digits and begins with no zero, else
/// hexadecimal. `None` for what names no post of anyone.
pub(super) fn parse(text: &str) -> Option<PostNumber> {
    let decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    match text.strip_prefix(PREFIX) {
        Some(digits) => hexadecimal(digits),
        None if text.is_empty() => None,
        None if decimal(text) => PostNumber::new(text.parse().ok()?),
        None => hexadecimal(text),
    }
}

fn hexadecimal(digits: &str) -> Option<PostNumber> {
    // The standard parser would take a sign.
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u64::from_str_radix(plain.then_some(digits)?, 16).ok()?;
    PostNumber::new(number)
}

/// The long form: 16 lower-case hexadecimal digits behind the prefix.
pub(super) fn long(number: PostNumber) -> String {
    format!("{PREFIX}{:016x}", number.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_in_which_clients_write_an_item_names_the_same_one() {
        let cases = [
            ("long form", "tag:google.com,2005:reader/item/00000000075bcd15", Some(123_456_789)),
            ("long form in capitals", "tag:google.com,2005:reader/item/00000000075BCD15", Some(123_456_789)),
            ("long form without zeros", "tag:google.com,2005:reader/item/75bcd15", Some(123_456_789)),
            (
                "long form with more zeros",
                "tag:google.com,2005:reader/item/0000000000000000075bcd15",
                Some(123_456_789),
            ),
            ("long form that looks decimal", "tag:google.com,2005:reader/item/123456789", Some(0x1_2345_6789)),
            ("16 bare hexadecimal digits", "00000000075bcd15", Some(123_456_789)),
            ("16 bare ones that look decimal", "0000000123456789", Some(0x1_2345_6789)),
            ("decimal", "123456789", Some(123_456_789)),
            ("one decimal digit", "7", Some(7)),
            ("bare hexadecimal of another length", "75bcd15", Some(123_456_789)),
            ("zero", "0", Some(0)),
            ("the highest, decimal", "218340105584895", Some(PostNumber::END - 1)),
            ("the highest, hexadecimal", "0000c694446f00ff", Some(PostNumber::END - 1)),
            ("one too many, hexadecimal", "0000c694446f0100", None),
            ("one too many, decimal", "218340105584896", None),
            ("what FreshRSS sends", "1732189999123456", None),
            ("more than 64 bits", "99999999999999999999999", None),
            ("more than 64 bits, hexadecimal", "tag:google.com,2005:reader/item/1ffffffffffffffff", None),
            ("negative", "-1", None),
            ("with a sign", "+7", None),
            ("with a sign behind the prefix", "tag:google.com,2005:reader/item/+7", None),
            ("the prefix alone", "tag:google.com,2005:reader/item/", None),
            ("nothing", "", None),
            ("words", "no such item", None),
            ("a short id", "3kTMd9aZ", None),
            ("digits of another script", "١٢٣", None),
        ];
        for (name, text, number) in cases {
            assert_eq!(parse(text).map(PostNumber::get), number, "{name}");
        }
    }

    #[test]
    fn an_answer_holds_16_lower_case_digits_behind_the_prefix_and_they_are_understood() {
        for number in [0, 0xabcdef, PostNumber::END - 1] {
            let number = PostNumber::new(number).unwrap();
            let printed = long(number);
            assert_eq!(parse(&printed), Some(number));
            assert_eq!(parse(&number.to_string()), Some(number), "as in `itemRefs`");
            let digits = printed.strip_prefix(PREFIX).unwrap();
            assert!(digits.len() == 16 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{digits}");
        }
    }
}
