//! What is left of HTML, and what never is.

use proptest::prelude::*;

const BASE: &str = "https://example.org/blog/post";

fn check(html: &str, expected: &str) {
    let clean = feed::clean_html(html, BASE).unwrap_or_default();
    assert_eq!(clean, expected, "{html}");
    assert_eq!(feed::clean_html(&clean, BASE).unwrap_or_default(), clean, "cleaned again: {html}");
}

/// Nothing in `clean` may run, and every link must be one of the allowed kinds.
fn is_harmless(clean: &str) -> bool {
    let lower = clean.to_lowercase();
    // Each `<` of the output begins a tag: text has it escaped.
    lower.split('<').skip(1).all(|tag| {
        let tag = tag.split('>').next().unwrap_or_default();
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap_or_default();
        let banned = [
            "script", "style", "iframe", "object", "embed", "form", "input", "svg", "math", "base", "meta", "link",
            "template", "noscript",
        ];
        // Names of attributes follow a closing quote or the name of the tag.
        let mut outside = tag.split('"').step_by(2);
        let links =
            ["href=\"", "src=\"", "poster=\""].iter().filter_map(|name| tag.split_once(name)).map(|(_, link)| link);
        let mut links = links.map(|link| link.split(['"', ':']).next().unwrap_or_default());
        !banned.contains(&name)
            && !outside.any(|part| {
                part.split_whitespace()
                    .any(|word| word.starts_with("on") || word.starts_with("srcdoc") || word.starts_with("style"))
            })
            && links.all(|scheme| matches!(scheme, "http" | "https" | "mailto"))
    })
}

#[test]
fn what_articles_are_made_of_stays() {
    let kept = [
        "<h2>T</h2><p>a <em>b</em> <strong>c</strong><br>d</p><hr>",
        "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol start=\"3\"><li>x</li></ol>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td colspan=\"2\">b</td></tr></tbody></table>",
        "<figure><img src=\"https://a.example/i.png\" alt=\"x\" width=\"10\"><figcaption>c</figcaption></figure>",
        "<pre><code>if a &lt; b &amp;&amp; c</code></pre><blockquote>q</blockquote>",
        "<video src=\"https://a.example/v.mp4\" poster=\"https://a.example/p.png\" controls=\"\"></video>",
        "<audio controls=\"\"><source src=\"https://a.example/a.ogg\" type=\"audio/ogg\"></audio>",
        "<details><summary>s</summary>d</details>",
        "<a href=\"mailto:a@b.example\" rel=\"noopener noreferrer\">m</a>",
    ];
    for html in kept {
        check(html, html);
    }
}

#[test]
fn what_could_run_goes() {
    let cases = [
        ("a<script>alert(1)</script>b", "ab"),
        ("<scr<script>ipt>alert(1)</scr</script>ipt>", "ipt&gt;alert(1)ipt&gt;"),
        ("<img src=x onerror=alert(1)>", "<img src=\"https://example.org/blog/x\">"),
        ("<img src=\"x\"onerror=\"alert(1)\">", "<img src=\"https://example.org/blog/x\">"),
        ("<p/onclick=alert(1)>x", "<p>x</p>"),
        ("<a href=\"javascript:alert(1)\">x</a>", "x"),
        ("<a href=\" &#106;ava&Tab;script:alert(1)\">x</a>", "x"),
        ("<a href=\"java\nscript:alert(1)\">x</a>", "x"),
        ("<a href=\"data:text/html,x\">x</a>", "x"),
        ("<a href='vbscript:x' ping='https://evil.example'>x</a>", "x"),
        ("<iframe srcdoc='<script>alert(1)</script>'></iframe>", ""),
        ("<form action='https://evil.example'><button formaction='javascript:x'>b</button></form>", "b"),
        ("<meta http-equiv=refresh content='0;url=//evil.example'><base href='//evil.example'>x", "x"),
        ("<svg><script>alert(1)</script><a xlink:href='javascript:x'>y</a></svg>z", "z"),
        ("<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">", ""),
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<table></table>"),
        (
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<p title=\"&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;\"></p>",
        ),
        ("<p style='background:url(javascript:x)' class=a id=b>x</p>", "<p>x</p>"),
        ("<style>p{}</style><link rel=stylesheet href=x><object data=x></object><embed src=x>x", "x"),
        ("<<b>x", "&lt;<b>x</b>"),
        ("<!--><img src=x onerror=alert(1)>-->", "<img src=\"https://example.org/blog/x\">--&gt;"),
        ("<table><td><script>x</script></table>", "<table></table>"),
    ];
    for (html, expected) in cases {
        check(html, expected);
        assert!(is_harmless(&feed::clean_html(html, BASE).unwrap_or_default()), "{html}");
    }
}

#[test]
fn links_are_absolute_and_say_nothing_about_the_reader() {
    check(
        "<a href='/x?a=1&amp;b=2'>x</a>",
        "<a href=\"https://example.org/x?a=1&amp;b=2\" rel=\"noopener noreferrer\">x</a>",
    );
    check(
        "<a href='y' target=_top rel=opener>x</a>",
        "<a href=\"https://example.org/blog/y\" rel=\"noopener noreferrer\">x</a>",
    );
    assert_eq!(feed::clean_html("<a href='y'>x</a>", "not a url").as_deref(), Some("x"));
}

#[test]
fn frames_become_links_and_late_pictures_come_early() {
    let link = "<a href=\"https://v.example/1\" rel=\"noopener noreferrer\">https://v.example/1</a>";
    check("<iframe src='//v.example/1'>old</iframe>", link);
    check("<img src='data:image/gif;base64,R0' data-src='/real.jpg'>", "<img src=\"https://example.org/real.jpg\">");
    check("<img srcset='/a.jpg 1x, /b.jpg 2x'>", "<img src=\"https://example.org/a.jpg\">");
    check("x<img src='https://t.example/p.gif' width=1 height=1>", "x");
}

#[test]
fn sloppy_html_is_closed_where_browsers_close_it() {
    check("<p>a<p>b<ul><li>c<li>d</ul>", "<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>");
    check("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c");
    check("<div>a</span></div></div>b", "<div>a</div>b");
    check(
        "<table><tr><td>a<td>b<tr><td>c</table>",
        "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
    );
    check(
        "<a href=/1>x<a href=/2>y",
        concat!(
            "<a href=\"https://example.org/1\" rel=\"noopener noreferrer\">x</a>",
            "<a href=\"https://example.org/2\" rel=\"noopener noreferrer\">y</a>",
        ),
    );
    check("2 < 3 & 4 > 1 &amp;lt;", "2 &lt; 3 &amp; 4 &gt; 1 &amp;lt;");
}

/// Pieces that parsers of HTML trip over, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<a href=x>",
        "</a>",
        "<table>",
        "</table>",
        "<tr>",
        "<td>",
        "</td>",
        "<li>",
        "<ul>",
        "</ul>",
        "<svg>",
        "</svg>",
        "<math>",
        "<style>",
        "</style>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<img src=x onerror=y>",
        "<h1>",
        "</h1>",
        "<pre>",
        "</pre>",
        "\n",
        "<textarea>",
        "</textarea>",
        "<title>",
        "</title>",
        "<noscript>",
        "<iframe src=x>",
        "</iframe>",
        "<",
        ">",
        "\"",
        "'",
        "=",
        "&lt;",
        "&amp;",
        "&",
        "x",
        " ",
        "<a href=javascript:x>",
        "<p title=\"",
        "onclick=x",
        "/",
        "<![CDATA[",
        "]]>",
        "<dd>",
        "<dt>",
        "<dl>",
        "<caption>",
        "<col>",
        "<tbody>",
        "<i title='</p>'>",
        "<form>",
        "<details>",
        "<summary>",
        "<ruby>",
        "<rt>",
        "<rp>",
        "<mtext>",
        "<annotation-xml encoding=text/html>",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_what_goes_out_is_harmless_and_clean_already(html in pieces()) {
        let clean = feed::clean_html(&html, BASE).unwrap_or_default();
        prop_assert!(is_harmless(&clean), "{}", clean);
        let again = feed::clean_html(&clean, BASE).unwrap_or_default();
        prop_assert_eq!(again, clean);
    }

    #[test]
    fn any_text_can_be_cleaned(html in any::<String>()) {
        prop_assert!(is_harmless(&feed::clean_html(&html, BASE).unwrap_or_default()));
    }
}
