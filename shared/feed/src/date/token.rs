//! A date's text as numbers, words and marks.

/// More is never needed for a date; what follows is left alone.
const MAX_TOKENS: usize = 48;
/// Bytes that are looked at.
const MAX_TEXT: usize = 512;

/// Digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Saturating.
    pub(super) value: u64,
    /// How many digits it is written with.
    pub(super) digits: u32,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    Number(Number),
    Word(&'a str),
    /// Everything else that is not white space. Ideographs and Hangul that stand right behind a number and say what it counts are marks too.
    Mark(char),
}

#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    kind: Kind<'a>,
    /// White space stands before it.
    spaced: bool,
    used: bool,
}

/// The tokens of one text. Places outside it hold nothing: any index may be asked.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    list: [Token<'a>; MAX_TOKENS],
    len: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut tokens =
            Self { list: [Token { kind: Kind::Mark(' '), spaced: false, used: false }; MAX_TOKENS], len: 0 };
        let mut rest = &text[..text.floor_char_boundary(MAX_TEXT)];
        while tokens.len < MAX_TOKENS {
            let trimmed = rest.trim_start_matches(is_space);
            let spaced = trimmed.len() < rest.len();
            let Some(first) = trimmed.chars().next() else { break };
            let counted = !spaced && tokens.len > 0 && tokens.number(tokens.len - 1).is_some();
            let (kind, len) = Self::next(trimmed, first, counted);
            tokens.list[tokens.len] = Token { kind, spaced, used: false };
            tokens.len += 1;
            rest = &trimmed[len..];
        }
        tokens
    }

    fn next(text: &'a str, first: char, counted: bool) -> (Kind<'a>, usize) {
        let run = |belongs: fn(char) -> bool| text.find(|c: char| !belongs(c)).unwrap_or(text.len());
        if digit(first).is_some() {
            let len = run(|c| digit(c).is_some());
            let mut number = Number { value: 0, digits: 0 };
            for digit in text[..len].chars().filter_map(digit) {
                number.value = number.value.saturating_mul(10).saturating_add(digit);
                number.digits += 1;
            }
            return (Kind::Number(number), len);
        }
        if first.is_alphabetic() && !(counted && "年月日号號时時分秒년월일시분초".contains(first)) {
            let len = run(|c| c.is_alphabetic() || is_combining(c));
            return (Kind::Word(&text[..len]), len);
        }
        (Kind::Mark(plain(first)), first.len_utf8())
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn get(&self, at: usize) -> Option<&Token<'a>> {
        self.list[..self.len].get(at)
    }

    /// The number there, unless it is used.
    pub(super) fn number(&self, at: usize) -> Option<Number> {
        match self.get(at)? {
            Token { kind: Kind::Number(number), used: false, .. } => Some(*number),
            _ => None,
        }
    }

    /// The number there if it has one or two digits.
    pub(super) fn short(&self, at: usize) -> Option<Number> {
        self.number(at).filter(|number| number.digits <= 2)
    }

    /// The word there, unless it is used.
    pub(super) fn word(&self, at: usize) -> Option<&'a str> {
        match self.get(at)? {
            Token { kind: Kind::Word(word), used: false, .. } => Some(word),
            _ => None,
        }
    }

    /// The mark there.
    pub(super) fn mark(&self, at: usize) -> Option<char> {
        match self.get(at)? {
            Token { kind: Kind::Mark(mark), .. } => Some(*mark),
            _ => None,
        }
    }

    /// Whether one of `marks` is there.
    pub(super) fn is_mark(&self, at: usize, marks: &str) -> bool {
        self.mark(at).is_some_and(|mark| marks.contains(mark))
    }

    /// Whether white space stands before it.
    pub(super) fn is_spaced(&self, at: usize) -> bool {
        self.get(at).is_some_and(|token| token.spaced)
    }

    /// Puts a number in the place of what is there.
    pub(super) fn put(&mut self, at: usize, number: Number) {
        if let Some(token) = self.list[..self.len].get_mut(at) {
            *token = Token { kind: Kind::Number(number), used: false, ..*token };
        }
    }

    /// Takes the tokens from `from` to before `to` out of what is still to be told.
    pub(super) fn mark_used(&mut self, from: usize, to: usize) {
        for token in self.list[..self.len].iter_mut().take(to).skip(from) {
            token.used = true;
        }
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
}

/// Accents that stand behind their letter.
pub(super) fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Digits of the scripts that feeds are written in: ASCII, full width, Arabic, Persian, Devanagari, Bengali, Thai.
fn digit(c: char) -> Option<u64> {
    let zero = match c {
        '0'..='9' => '0',
        '０'..='９' => '０',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        '০'..='৯' => '০',
        '๐'..='๙' => '๐',
        _ => return None,
    };
    Some(u64::from(u32::from(c) - u32::from(zero)))
}

/// Typographers' marks as ASCII writes them.
fn plain(mark: char) -> char {
    match mark {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' => '-',
        '：' | '∶' => ':',
        '／' => '/',
        '．' => '.',
        '，' | '、' => ',',
        '＋' => '+',
        '\u{2018}' | '\u{2019}' | '`' | '´' => '\'',
        mark => mark,
    }
}
