//! The elements of HTML that a reader gets to see, and how they nest.

use Element::*;

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
    let mut key = Key::default();
    name.bytes().for_each(|byte| key.push(byte));
    key.element()
}

/// A name as a number, in any case: to compare those takes no time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key {
    letters: u64,
    len: usize,
    is_odd: bool,
}

impl Key {
    /// Six bits for each of at most ten letters and digits.
    const MAX_LEN: usize = 10;

    /// Appends a letter or digit; a name that holds anything else is none.
    #[inline]
    pub(crate) const fn push(&mut self, byte: u8) {
        let digit = DIGITS[byte as usize];
        self.letters = self.letters << 6 | digit as u64;
        self.len += 1;
        self.is_odd |= digit == 0;
    }

    /// The element that stays under this name.
    #[inline]
    pub(crate) fn element(self) -> Option<Element> {
        let number = usize::from(PLACES[place(self.letters, FACTOR)]);
        let is_it = !self.is_odd && self.len <= Self::MAX_LEN && KEYS.get(number) == Some(&self.letters);
        is_it.then(|| TABLE[number].1)
    }
}

/// The names as [`Key`] has them.
const KEYS: [u64; TABLE.len()] = {
    let mut keys = [0; TABLE.len()];
    let mut number = 0;
    while number < keys.len() {
        let name = TABLE[number].0.as_bytes();
        let mut key = Key { letters: 0, len: 0, is_odd: false };
        while key.len < name.len() {
            key.push(name[key.len]);
        }
        assert!(!key.is_odd && key.len <= Key::MAX_LEN);
        keys[number] = key.letters;
        number += 1;
    }
    keys
};

/// Where in [`PLACES`] the number of the element of this key is.
const fn place(key: u64, factor: u64) -> usize {
    (key.wrapping_mul(factor) >> 54) as usize
}

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
    while number < KEYS.len() {
        let place = place(KEYS[number], factor);
        if taken[place] {
            return false;
        }
        taken[place] = true;
        number += 1;
    }
    true
}

/// The numbers of the elements by the place of their key.
const PLACES: [u8; 1024] = {
    let mut places = [u8::MAX; 1024];
    let mut number = 0;
    while number < KEYS.len() {
        places[place(KEYS[number], FACTOR)] = number as u8;
        number += 1;
    }
    places
};

/// What stands for each byte in a [`Key`]: six bits, none of them for what is in no name.
const DIGITS: [u8; 256] = {
    let mut digits = [0; 256];
    let mut at = 0;
    while at < 26 {
        digits[(b'a' + at) as usize] = at + 1;
        digits[(b'A' + at) as usize] = at + 1;
        at += 1;
    }
    at = 0;
    while at < 10 {
        digits[(b'0' + at) as usize] = at + 27;
        at += 1;
    }
    digits
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
