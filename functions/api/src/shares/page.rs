//! The page of a shared post: one document without scripts, in which nothing may run or be loaded but pictures, sound and film.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::shown::SharedPost;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1c1a;--paper:#fdfdfb;--soft:#6b6b66;--line:#deded8;--link:#1456a0}\
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e4;--paper:#161615;--soft:#9b9b94;--line:#34342f;--link:#8ab8f0}}\
body{margin:0 auto;max-width:42rem;padding:2rem 1rem 4rem;background:var(--paper);color:var(--ink);font:1.06rem/1.65 Charter,Georgia,serif}\
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0 .6rem}a{color:var(--link)}\
.by{color:var(--soft);font:.9rem/1.5 system-ui,sans-serif;border-bottom:1px solid var(--line);padding-bottom:1rem;margin-bottom:1.5rem}\
img,video,iframe{max-width:100%;height:auto}pre{overflow-x:auto;padding:.8rem;border:1px solid var(--line)}\
blockquote{margin-left:0;padding-left:1rem;border-left:3px solid var(--line);color:var(--soft)}table{border-collapse:collapse}td,th{border:1px solid var(--line);padding:.3rem .6rem}\
footer{margin-top:3rem;color:var(--soft);font:.85rem system-ui,sans-serif}";

/// What the page may do (CSP level 3): its own style, and media from anywhere.
pub(super) fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src https: http: data:; media-src https: http:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// `post` as a page. Its HTML was sanitised when it landed; all else is escaped.
pub(super) fn page(post: &SharedPost) -> String {
    let title = escape(post.title.as_deref().unwrap_or("A post without a title"));
    let mut page = String::with_capacity(4096 + post.content.as_ref().map_or(0, String::len));
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    page.push_str(&format!("<title>{title}</title><style>{STYLE}</style></head><body><article>"));
    match &post.url {
        Some(url) => {
            page.push_str(&format!("<h1><a href=\"{}\" rel=\"noopener noreferrer\">{title}</a></h1>", escape(url)));
        }
        None => page.push_str(&format!("<h1>{title}</h1>")),
    }
    page.push_str(&format!("<p class=\"by\">{}</p>", by(post)));
    page.push_str(post.content.as_deref().or(post.summary.as_deref()).unwrap_or_default());
    page.push_str("</article><footer>Shared with Feedmill</footer></body></html>\n");
    page
}

fn by(post: &SharedPost) -> String {
    let day = post.published.get(..10).unwrap_or_default();
    let parts = post.authors.iter().map(String::as_str).chain(post.source_title.as_deref()).chain([day]);
    parts.map(escape).collect::<Vec<_>>().join(" · ")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_feed_says_of_itself_is_text_on_the_page() {
        let evil = "\"><script>alert(1)</script>'&";
        let post = SharedPost {
            title: Some(evil.to_owned()),
            url: Some(format!("https://example.org/{evil}")),
            authors: vec![evil.to_owned()],
            published: "2026-11-21T12:00:00.000Z".to_owned(),
            source_title: Some(evil.to_owned()),
            summary: None,
            content: Some("<p>clean</p>".to_owned()),
            enclosures: Vec::new(),
            image: None,
        };
        let page = page(&post);
        assert!(!page.contains("<script") && !page.contains(evil), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 5);
        assert!(page.contains("<p>clean</p>") && page.contains(" · 2026-11-21"));
    }

    #[test]
    fn nothing_runs_on_the_page() {
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
    }
}
