//! What makes an entry an edit: its text and links, in a form that layout and tracking do not change.

use domain::parsed::ContentHash;

use crate::draft::{Draft, Markup};
use crate::html::{Token, Tokens};
use crate::links;

/// Over title, summary, content and files.
pub(super) fn hash(draft: &Draft) -> ContentHash {
    let mut normal = String::new();
    push_words(draft.item.title.as_deref().unwrap_or_default(), &mut normal);
    for markup in [&draft.summary, &draft.content] {
        normal.push('\0');
        if let Some(markup) = markup {
            push_markup(markup, &mut normal);
        }
    }
    for enclosure in &draft.item.enclosures {
        normal.push('\0');
        links::push_normal(&enclosure.url, &mut normal);
    }
    let mut hash = [0; 8];
    hash.copy_from_slice(&blake3::hash(normal.as_bytes()).as_bytes()[..8]);
    ContentHash(hash)
}

fn push_markup(markup: &Markup, out: &mut String) {
    if !markup.is_html {
        return push_words(&markup.body, out);
    }
    let mut tokens = Tokens::new(&markup.body);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => push_words(text, out),
            Token::Start(_) => {
                for attribute in ["href", "src"] {
                    if let Some(link) = tokens.attribute(attribute) {
                        out.push('\x01');
                        links::push_normal(link, out);
                        out.push('\x02');
                    }
                }
            }
            Token::End(_) => {}
        }
    }
}

/// Text without its white space: between tags it comes and goes with how the page is laid out.
fn push_words(text: &str, out: &mut String) {
    out.extend(text.split_whitespace());
}
