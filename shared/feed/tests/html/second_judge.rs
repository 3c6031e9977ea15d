//! A judge of cleaned HTML that shares nothing with the cleaner: html5ever's tokenizer, and a list of what is harmless that is kept here.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use url::Url;

const ELEMENTS: &str = " a abbr address article aside audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em \
    figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i iframe img ins kbd li mark ol p picture pre q rp rt ruby s samp section small source span \
    strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr ";
const ATTRIBUTES: &str = " align alt allow allowfullscreen cite class colspan controls datetime default dir height href hreflang kind label lang loading \
    loop media muted open poster referrerpolicy rel reversed rowspan sandbox scope sizes span src srclang srcset start target title type value width ";
const PLAYERS: &[&str] = &[
    "www.youtube.com",
    "www.youtube-nocookie.com",
    "player.vimeo.com",
    "www.dailymotion.com",
    "geo.dailymotion.com",
    "w.soundcloud.com",
    "open.spotify.com",
    "bandcamp.com",
    "embed.podcasts.apple.com",
    "archive.org",
    "embed.ted.com",
];

/// What is wrong with `clean`, if anything.
pub(crate) fn objection(clean: &str) -> Option<String> {
    let judge = Tokenizer::new(Judge::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(clean));
    while !input.is_empty() {
        // It stops at the end, and for a tree builder, of which there is none.
        drop(judge.feed(&input));
    }
    judge.end();
    let found = judge.sink.found.take();
    // Whoever parses and writes it once more has the same: nothing mutates.
    found.or_else(|| (feed::prove_and_judge(clean).1 != clean).then(|| "it mutates".to_owned()))
}

#[derive(Default)]
struct Judge {
    found: RefCell<Option<String>>,
}

impl TokenSink for Judge {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let objection = match token {
            Token::TagToken(tag) => harm_in(&tag),
            Token::CommentToken(_) | Token::DoctypeToken(_) | Token::NullCharacterToken => Some(format!("{token:?}")),
            // What browsers stumble over, they may read in more than one way.
            Token::ParseError(error) => Some(error.into_owned()),
            Token::CharacterTokens(_) | Token::EOFToken => None,
        };
        if let Some(objection) = objection {
            self.found.borrow_mut().get_or_insert(objection);
        }
        TokenSinkResult::Continue
    }
}

fn harm_in(tag: &Tag) -> Option<String> {
    if !ELEMENTS.contains(&format!(" {} ", tag.name)) {
        return Some(format!("element {}", tag.name));
    }
    let value_of = |name: &str| tag.attrs.iter().find(|attr| &*attr.name.local == name).map(|attr| &*attr.value);
    for attr in &tag.attrs {
        let (name, value) = (&*attr.name.local, &*attr.value);
        let is_fine = ATTRIBUTES.contains(&format!(" {name} ")) && is_harmless(&tag.name, name, value);
        if !is_fine {
            return Some(format!("{} {name}={value:?}", tag.name));
        }
    }
    let is_start = tag.kind == html5ever::tokenizer::TagKind::StartTag;
    match &*tag.name {
        "a" if is_start && value_of("rel") != Some("noopener noreferrer") => Some("a link that tells".to_owned()),
        "iframe" if is_start && value_of("sandbox").is_none() => Some("a frame without a sandbox".to_owned()),
        _ => None,
    }
}

fn is_harmless(element: &str, attribute: &str, value: &str) -> bool {
    let scheme_of = |link: &str| Url::parse(link).map(|url| url.scheme().to_owned()).unwrap_or_default();
    let is_web = |link: &str| matches!(scheme_of(link).as_str(), "http" | "https");
    match (element, attribute) {
        ("iframe", "src") => Url::parse(value)
            .is_ok_and(|url| url.scheme() == "https" && url.host_str().is_some_and(|host| PLAYERS.contains(&host))),
        ("a", "href") => matches!(scheme_of(value).as_str(), "http" | "https" | "mailto" | "tel"),
        ("img", "src") => is_web(value) || (value.starts_with("data:image/") && !value.starts_with("data:image/svg")),
        (_, "href" | "src" | "poster" | "cite") => is_web(value),
        (_, "srcset") => value.split(", ").all(|candidate| candidate.split(' ').next().is_some_and(is_web)),
        (_, "class") => element == "code" && value.starts_with("language-"),
        (_, "target") => value == "_blank",
        _ => true,
    }
}
