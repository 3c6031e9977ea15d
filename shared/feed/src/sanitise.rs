//! HTML that is safe to show, in three steps. [`tidy`] writes it anew, balanced and of bounded depth and size, from the allow-list alone. [`proof`] then
//! looks, knowing nothing of that, whether what was written has one reading only, and a harmless one. What it cannot prove goes to [`judge`], which reads it
//! as a browser would and keeps what is allowed.
//!
//! The first step is what keeps the others linear (parsers of HTML take the square of depth, of open formatting and of attributes); the other two are what
//! makes it safe: nothing leaves here without a judgement. The proof is there because the judge is ten times slower than all the rest of reading a feed; that
//! they never differ is what `both_ways` is for.

mod attributes;
pub(crate) mod chars;
mod judge;
mod link;
mod nesting;
mod out;
mod pictures;
mod players;
mod proof;
mod tidy;

use url::Url;

use crate::html::{Tape, Tokens};
use tidy::Tidy;

/// Bytes of one entry's HTML, before and after.
const MAX_HTML: usize = 1024 * 1024;

/// `html` as anyone may see it; `None` if nothing is left. Relative links are resolved against `base`, or dropped without one. Its tokens may be on `tape`.
pub(crate) fn html(html: &str, tape: Option<&Tape>, base: Option<&Url>) -> Option<String> {
    let tidied = tidied(html, tape, base)?;
    if proof::is_clean(&tidied) { Some(tidied) } else { judged(&tidied) }
}

/// [`html`] by way of the proof (`None` if there is none) and by way of the judge: the two must not differ.
pub(crate) fn both_ways(html: &str, base: Option<&Url>) -> (Option<String>, Option<String>) {
    let tidied = tidied(html, None, base);
    let judged = tidied.as_deref().and_then(judged);
    (tidied.filter(|tidied| proof::is_clean(tidied)), judged)
}

/// Whether there is a proof that `html` is clean as it is, and what the judge makes of it: the same, if there is.
pub(crate) fn proof_and_judgement(html: &str) -> (bool, String) {
    (proof::is_clean(html), judge::clean(html))
}

fn tidied(html: &str, tape: Option<&Tape>, base: Option<&Url>) -> Option<String> {
    let tape = tape.filter(|_| html.len() <= MAX_HTML);
    let html = &html[..html.floor_char_boundary(MAX_HTML)];
    if chars::next_special(html.as_bytes()).is_none() {
        // Text without a single character of markup.
        return Some(html.trim_matches(chars::is_blank)).filter(|html| !html.is_empty()).map(str::to_owned);
    }
    let limit = html.len().saturating_mul(4) + 16 * 1024;
    let tokens = tape.map_or_else(|| Tokens::new(html), |tape| Tokens::of_tape(html, tape));
    Tidy::new(html, tokens, base, limit.min(MAX_HTML)).run()
}

fn judged(tidied: &str) -> Option<String> {
    let clean = judge::clean(tidied);
    let trimmed = clean.trim_matches(chars::is_blank);
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
