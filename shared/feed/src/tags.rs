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

/// Where in [`TABLE`] the names that begin with each letter begin.
const FIRST: [usize; 27] = {
    let mut first = [TABLE.len(); 27];
    let mut at = TABLE.len();
    let mut letter = 26;
    while letter > 0 {
        letter -= 1;
        while at > 0 && (TABLE[at - 1].0.as_bytes()[0] - b'a') as usize >= letter {
            at -= 1;
        }
        first[letter] = at;
    }
    first
};

/// The element that stays under this name, in any case.
pub(crate) fn allowed(name: &str) -> Option<Element> {
    let letter = usize::from(name.bytes().next()?.to_ascii_lowercase().checked_sub(b'a')?);
    let (from, to) = (*FIRST.get(letter)?, *FIRST.get(letter + 1)?);
    let key = key(name.as_bytes());
    let at = KEYS[from..to].iter().position(|known| *known == key)?;
    TABLE.get(from + at).map(|(_, element, _)| *element)
}

/// The names as numbers: to compare those takes no time.
const KEYS: [u64; TABLE.len()] = {
    let mut keys = [0; TABLE.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = key(TABLE[at].0.as_bytes());
        at += 1;
    }
    keys
};

/// A name of at most ten letters and digits as a number, in any case; all others are the same, and that of none.
const fn key(name: &[u8]) -> u64 {
    if name.len() > 10 {
        return u64::MAX;
    }
    let mut key = 0;
    let mut at = 0;
    while at < name.len() {
        let digit = DIGITS[name[at] as usize];
        if digit == 0 {
            return u64::MAX;
        }
        key = key << 6 | digit as u64;
        at += 1;
    }
    key
}

/// What stands for each byte in [`key`]: six bits, none of them for what is in no name.
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
    /// All there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(_, element, _)| *element)
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
