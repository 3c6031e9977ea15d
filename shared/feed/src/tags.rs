//! The elements of HTML that a reader gets to see, and how they nest.

use Element::*;

use crate::swar;

/// Has no content and no end tag.
const VOID: u16 = 1;
/// Begins a block, which ends a paragraph.
const BLOCK: u16 = 1 << 1;
/// One of those the HTML standard calls special (§13.2.4.2): what is implied does not reach over them.
const SPECIAL: u16 = 1 << 2;
/// Nothing but parts of a table may stand directly inside.
const FRAME: u16 = 1 << 3;
/// Holds its content together: end tags inside do not reach out of it.
const SCOPE: u16 = 1 << 4;
/// A heading.
const HEADING: u16 = 1 << 5;
/// Is something to see or to hear, even without text.
const MEDIA: u16 = 1 << 6;

macro_rules! elements {
    ($($element:ident $name:literal $traits:expr;)*) => {
        /// An element that stays.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Element { $($element,)* }

        /// Sorted by name; an element's place is its number.
        const TABLE: &[(&str, Element, u16)] = &[$(($name, $element, $traits),)*];

        /// Its tags, without attributes.
        const TAGS: [(&str, &str); TABLE.len()] = [$((concat!("<", $name, ">"), concat!("</", $name, ">")),)*];
    };
}

elements! {
    A "a" 0;
    Abbr "abbr" 0;
    Address "address" BLOCK | SPECIAL;
    Article "article" BLOCK | SPECIAL;
    Aside "aside" BLOCK | SPECIAL;
    Audio "audio" MEDIA;
    B "b" 0;
    Bdi "bdi" 0;
    Bdo "bdo" 0;
    Blockquote "blockquote" BLOCK | SPECIAL;
    Br "br" VOID | SPECIAL;
    Caption "caption" SPECIAL | SCOPE;
    Cite "cite" 0;
    Code "code" 0;
    Col "col" VOID | SPECIAL;
    Colgroup "colgroup" SPECIAL | FRAME;
    Dd "dd" BLOCK | SPECIAL;
    Del "del" 0;
    Details "details" BLOCK | SPECIAL;
    Dfn "dfn" 0;
    Div "div" BLOCK | SPECIAL;
    Dl "dl" BLOCK | SPECIAL;
    Dt "dt" BLOCK | SPECIAL;
    Em "em" 0;
    Figcaption "figcaption" BLOCK | SPECIAL;
    Figure "figure" BLOCK | SPECIAL;
    Footer "footer" BLOCK | SPECIAL;
    H1 "h1" BLOCK | SPECIAL | HEADING;
    H2 "h2" BLOCK | SPECIAL | HEADING;
    H3 "h3" BLOCK | SPECIAL | HEADING;
    H4 "h4" BLOCK | SPECIAL | HEADING;
    H5 "h5" BLOCK | SPECIAL | HEADING;
    H6 "h6" BLOCK | SPECIAL | HEADING;
    Header "header" BLOCK | SPECIAL;
    Hr "hr" VOID | BLOCK | SPECIAL;
    I "i" 0;
    Iframe "iframe" SPECIAL | MEDIA;
    Img "img" VOID | SPECIAL | MEDIA;
    Ins "ins" 0;
    Kbd "kbd" 0;
    Li "li" BLOCK | SPECIAL;
    Mark "mark" 0;
    Ol "ol" BLOCK | SPECIAL;
    P "p" BLOCK | SPECIAL;
    Picture "picture" 0;
    Pre "pre" BLOCK | SPECIAL;
    Q "q" 0;
    Rp "rp" 0;
    Rt "rt" 0;
    Ruby "ruby" 0;
    S "s" 0;
    Samp "samp" 0;
    Section "section" BLOCK | SPECIAL;
    Small "small" 0;
    Source "source" VOID | SPECIAL;
    Span "span" 0;
    Strike "strike" 0;
    Strong "strong" 0;
    Sub "sub" 0;
    Summary "summary" BLOCK | SPECIAL;
    Sup "sup" 0;
    Table "table" BLOCK | SPECIAL | FRAME | SCOPE;
    Tbody "tbody" SPECIAL | FRAME;
    Td "td" SPECIAL | SCOPE;
    Tfoot "tfoot" SPECIAL | FRAME;
    Th "th" SPECIAL | SCOPE;
    Thead "thead" SPECIAL | FRAME;
    Time "time" 0;
    Tr "tr" SPECIAL | FRAME;
    Track "track" VOID | SPECIAL;
    Tt "tt" 0;
    U "u" 0;
    Ul "ul" BLOCK | SPECIAL;
    Var "var" 0;
    Video "video" MEDIA;
    Wbr "wbr" VOID | SPECIAL;
}

/// The element that stays under this name, in any case.
pub(crate) fn allowed(name: &str) -> Option<Element> {
    Key::of(name.as_bytes())?.in_any_case().element()
}

/// How long the name of the tag is that goes on with `bytes`, which element that stays has it, in any case, and whether it is written in lower case.
#[inline]
pub(crate) fn read_name(bytes: &[u8]) -> (usize, Option<Element>, bool) {
    if let Some(word) = bytes.first_chunk() {
        let word = u64::from_le_bytes(*word);
        let len = ((name_ends(word) & swar::HIGHEST).trailing_zeros() / 8) as usize;
        if len > 0 && len < 8 && is_end(bytes[len]) {
            let key = Key { begin: word & ((1 << (8 * len)) - 1), rest: 0 };
            return (len, key.in_any_case().element(), key == key.in_any_case());
        }
    }
    let len = bytes.iter().take_while(|byte| !is_end(**byte)).count();
    let name = &bytes[..len];
    let element = Key::of(name).and_then(|key| key.in_any_case().element());
    (len, element, !name.iter().any(u8::is_ascii_uppercase))
}

/// As [`read_name`], of a name in lower case alone.
#[inline]
pub(crate) fn read_exact_name(tag: &[u8]) -> Option<(usize, Element)> {
    let (len, key) = match tag.first_chunk() {
        Some(word) => {
            let word = u64::from_le_bytes(*word);
            let len = ((name_ends(word) & swar::HIGHEST).trailing_zeros() / 8) as usize;
            (len, Key { begin: word & 1_u64.unbounded_shl(8 * len as u32).wrapping_sub(1), rest: 0 })
        }
        None => (8, Key { begin: 0, rest: 0 }),
    };
    if len < 8 {
        return Some((len, key.element()?));
    }
    let len = tag.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    Some((len, Key::of(&tag[..len])?.element()?))
}

/// Marks bytes that may end the name of a tag, or are no part of one.
#[inline]
const fn name_ends(word: u64) -> u64 {
    swar::zeros(word ^ swar::all(b'>')) | swar::zeros(word ^ swar::all(b'/')) | swar::below(word, 0x21)
}

/// Whether a byte ends the name of a tag: white space of HTML, `/` and `>`.
const fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' | b'>')
}

/// A name as two numbers: to compare those takes no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    begin: u64,
    rest: u64,
}

impl Key {
    /// That of a name of letters and digits; no element has another one, or one of more than sixteen bytes.
    pub(crate) const fn of(name: &[u8]) -> Option<Self> {
        if name.len() > 16 {
            return None;
        }
        let mut words = [0; 2];
        let mut at = 0;
        while at < name.len() {
            if !name[at].is_ascii_alphanumeric() {
                return None;
            }
            words[at / 8] |= (name[at] as u64) << (at % 8 * 8);
            at += 1;
        }
        Some(Self { begin: words[0], rest: words[1] })
    }

    /// That of the name in lower case, if it has no control characters.
    #[inline]
    pub(crate) const fn in_any_case(self) -> Self {
        const CASE: u64 = swar::all(0x20);
        /// What bytes that are there have, and others have not.
        const fn lower(word: u64) -> u64 {
            // Bytes behind the name are 0, and stay so.
            word | (CASE & ((word & swar::all(0x40)) >> 1))
        }
        Self { begin: lower(self.begin), rest: lower(self.rest) }
    }

    /// The element that stays under this name.
    #[inline]
    pub(crate) fn element(self) -> Option<Element> {
        let number = usize::from(PLACES[self.place(FACTOR)]);
        (KEYS.get(number) == Some(&self)).then(|| Element::ALL[number])
    }

    /// Where in [`PLACES`] the number of its element is.
    const fn place(self, factor: u64) -> usize {
        ((self.begin ^ self.rest.rotate_left(32)).wrapping_mul(factor) >> 54) as usize
    }
}

/// The names, by the numbers of their elements.
static KEYS: [Key; TABLE.len()] = KEYS_OF;
const KEYS_OF: [Key; TABLE.len()] = {
    let mut keys = [Key { begin: 0, rest: 0 }; TABLE.len()];
    let mut number = 0;
    while number < keys.len() {
        keys[number] = match Key::of(TABLE[number].0.as_bytes()) {
            Some(key) => key,
            None => panic!("a name of an element has at most sixteen letters and digits"),
        };
        number += 1;
    }
    keys
};

/// The first factor found that gives each key a place of its own.
const FACTOR: u64 = {
    let mut factor = 0x9e37_79b9_7f4a_7c15_u64;
    while !is_distinct(factor) {
        factor = factor.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
    }
    factor
};

const fn is_distinct(factor: u64) -> bool {
    let mut taken = [false; 1024];
    let mut number = 0;
    while number < KEYS_OF.len() {
        let place = KEYS_OF[number].place(factor);
        if taken[place] {
            return false;
        }
        taken[place] = true;
        number += 1;
    }
    true
}

/// The numbers of the elements by the place of their key.
static PLACES: [u8; 1024] = {
    let mut places = [u8::MAX; 1024];
    let mut number = 0;
    while number < KEYS_OF.len() {
        places[KEYS_OF[number].place(FACTOR)] = number as u8;
        number += 1;
    }
    places
};

/// The element that says the same as one that does not stay.
pub(crate) fn instead_of(name: &str) -> Option<Element> {
    const INSTEAD: &[(&str, Element)] = &[
        ("acronym", Abbr),
        ("center", Div),
        ("dir", Ul),
        ("hgroup", Div),
        ("image", Img),
        ("main", Div),
        ("menu", Ul),
        ("nav", Div),
    ];
    INSTEAD.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, element)| *element)
}

impl Element {
    /// How many there are.
    pub(crate) const COUNT: usize = TABLE.len();

    /// All there are, by their numbers.
    pub(crate) const ALL: [Self; Self::COUNT] = {
        let mut all = [A; Self::COUNT];
        let mut number = 0;
        while number < all.len() {
            all[number] = TABLE[number].1;
            number += 1;
        }
        all
    };

    /// All there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// Its start tag without attributes.
    pub(crate) fn start_tag(self) -> &'static str {
        TAGS[self as usize].0
    }

    /// Its end tag.
    pub(crate) fn end_tag(self) -> &'static str {
        TAGS[self as usize].1
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        TABLE[self as usize].0
    }

    fn is(self, what: u16) -> bool {
        TABLE[self as usize].2 & what != 0
    }

    /// Whether it never has an end tag.
    pub(crate) fn is_void(self) -> bool {
        self.is(VOID)
    }

    /// Whether it begins a block, which ends a paragraph.
    pub(crate) fn is_block(self) -> bool {
        self.is(BLOCK)
    }

    /// Whether what is implied does not reach over it.
    pub(crate) fn is_special(self) -> bool {
        self.is(SPECIAL)
    }

    /// Whether nothing but parts of a table may stand directly inside.
    pub(crate) fn is_frame(self) -> bool {
        self.is(FRAME)
    }

    /// Whether end tags inside do not reach out of it.
    pub(crate) fn is_scope(self) -> bool {
        self.is(SCOPE)
    }

    /// Whether it is one of h1 to h6.
    pub(crate) fn is_heading(self) -> bool {
        self.is(HEADING)
    }

    /// Whether it is worth showing without any text.
    pub(crate) fn is_media(self) -> bool {
        self.is(MEDIA)
    }

    /// The elements directly inside which alone it may stand; none if it may stand anywhere but in a [frame](Self::is_frame).
    pub(crate) fn parents(self) -> &'static [Self] {
        match self {
            Caption | Colgroup | Tbody | Tfoot | Thead => &[Table],
            Col => &[Colgroup],
            Tr => &[Tbody, Tfoot, Thead],
            Td | Th => &[Tr],
            Source => &[Audio, Picture, Video],
            Track => &[Audio, Video],
            Rt | Rp => &[Ruby],
            _ => &[],
        }
    }
}

/// Elements that go together with all they hold.
pub(crate) fn is_dropped_whole(name: &str) -> bool {
    ["annotation", "select", "svg", "template"].iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
}

/// Elements whose content HTML reads as text rather than as markup.
pub(crate) fn is_raw_text(name: &str) -> bool {
    // Most names are other ones, and most of those shorter.
    name.len() > 2
        && ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"]
            .iter()
            .any(|raw| name.eq_ignore_ascii_case(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted_so_that_each_is_found() {
        assert!(TABLE.is_sorted_by_key(|(name, ..)| *name));
        for (number, element) in Element::all().enumerate() {
            assert_eq!((allowed(&element.name().to_uppercase()), element as usize), (Some(element), number));
        }
        for name in ["script", "anelementwithalongname", "", "{", "zebra", "élan", "xmp"] {
            assert_eq!(allowed(name), None, "{name}");
        }
    }

    #[test]
    fn what_ammonia_takes_for_svg_or_math_is_not_allowed_but_for_links_and_spans() {
        let names: Vec<_> = Element::all().map(Element::name).collect();
        for foreign in ["svg", "math", "image", "text", "title", "style", "set", "mi", "mtext", "foreignObject"] {
            assert!(!names.contains(&foreign), "{foreign}");
        }
    }
}
