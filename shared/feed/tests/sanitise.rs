//! What is left of HTML.

const BASE: &str = "https://example.org/blog/post";

/// `html` is cleaned to `expected`, in which `<a href="…" @>` stands for a link to elsewhere.
fn check(html: &str, expected: &str) {
    let expected = expected.replace(" @>", " target=\"_blank\" rel=\"noopener noreferrer\">");
    let clean = feed::clean_html(html, BASE).unwrap_or_default();
    assert_eq!(clean, expected, "{html}");
    assert_eq!(feed::clean_html(&clean, BASE).unwrap_or_default(), clean, "cleaned again: {html}");
    let (fast, slow) = feed::clean_both_ways(html, BASE);
    assert_eq!(fast, slow, "proof and judge: {html}");
}

#[test]
fn what_articles_are_made_of_stays() {
    let kept = [
        "<h2>T</h2><p>a <em>b</em> <strong>c</strong><br>d</p><hr>",
        "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol start=\"3\"><li>x</li></ol>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td colspan=\"2\">b</td></tr></tbody></table>",
        "<table><caption>c</caption><colgroup><col span=\"2\"></colgroup><tbody><tr><td align=\"right\">b</td></tr></tbody></table>",
        "<figure><img src=\"https://a.example/i.png\" alt=\"x\" width=\"10\"><figcaption>c</figcaption></figure>",
        "<pre><code class=\"language-rust\">if a &lt; b &amp;&amp; c</code></pre><blockquote>q</blockquote>",
        "<video src=\"https://a.example/v.mp4\" poster=\"https://a.example/p.png\" controls=\"\"></video>",
        "<audio controls=\"\"><source src=\"https://a.example/a.ogg\" type=\"audio/ogg\"></audio>",
        "<video controls=\"\"><track src=\"https://a.example/t.vtt\" kind=\"captions\" srclang=\"en\" label=\"English\"></video>",
        "<picture><source srcset=\"https://a.example/i.webp\" type=\"image/webp\"><img src=\"https://a.example/i.png\"></picture>",
        "<details open=\"\"><summary>s</summary>d</details>",
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> H<sub>2</sub>O x<sup>2</sup>",
        "<dl><dt>t</dt><dd>d</dd></dl><abbr title=\"World Wide Web\">WWW</abbr>",
        "<ins datetime=\"2026-01-01\">a</ins><del cite=\"https://a.example/\">b</del> <time datetime=\"2026-01-01\">c</time>",
        "<address>a</address><p dir=\"rtl\" lang=\"he\">b</p>",
        "<a href=\"mailto:a@b.example\" rel=\"noopener noreferrer\">m</a><a href=\"tel:+49301\" rel=\"noopener noreferrer\">t</a>",
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
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
        ("<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", ""),
        ("<p style='background:url(javascript:x)' class=a id=b>x</p>", "<p>x</p>"),
        ("<style>p{}</style><link rel=stylesheet href=x><object data=javascript:x></object><embed src=data:x>x", "x"),
        ("<<b>x", "&lt;<b>x</b>"),
        ("<!--><img src=x onerror=alert(1)>-->", "<img src=\"https://example.org/blog/x\">--&gt;"),
        ("<table><td><script>x</script></table>", ""),
    ];
    for (html, expected) in cases {
        check(html, expected);
    }
}

#[test]
fn links_are_absolute_and_say_nothing_about_the_reader() {
    check("<a href='/x?a=1&amp;b=2'>x</a>", "<a href=\"https://example.org/x?a=1&amp;b=2\" @>x</a>");
    check("<a href='y' target=_top rel=opener>x</a>", "<a href=\"https://example.org/blog/y\" @>x</a>");
    check("<a href='#n'>x</a>", "<a href=\"https://example.org/blog/post#n\" @>x</a>");
    check("<blockquote cite=c>x</blockquote>", "<blockquote cite=\"https://example.org/blog/c\">x</blockquote>");
    check(
        "<video poster=p src=v>x</video>",
        "<video src=\"https://example.org/blog/v\" poster=\"https://example.org/blog/p\" controls=\"\">x</video>",
    );
    assert_eq!(feed::clean_html("<a href='y'>x</a>", "not a url").as_deref(), Some("x"));
}

const PLAYER: &str = concat!(
    " sandbox=\"allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation\"",
    " allow=\"encrypted-media; fullscreen; picture-in-picture\" allowfullscreen=\"\" loading=\"lazy\"",
    " referrerpolicy=\"strict-origin-when-cross-origin\"></iframe>",
);

#[test]
fn players_stay_and_other_frames_become_links() {
    let link = "<a href=\"https://v.example/1?a&amp;b\" @>https://v.example/1?a&amp;b</a>";
    check("<iframe src='//v.example/1?a&b'>old</iframe>", link);
    check("<embed src='//v.example/1?a&b'>", link);
    check("<object data='//v.example/1?a&b'><embed src='//v.example/1?a&b'></object>", link);
    let player = format!("<iframe src=\"https://www.youtube.com/embed/x\" width=\"560\"{PLAYER}");
    check(
        "<iframe width=560px src='http://youtube.com/embed/x?autoplay=1' sandbox='' allow='camera'></iframe>",
        &player,
    );
    check("<iframe width=560 src='about:blank' data-src='//youtube.com/embed/x'></iframe>", &player);
    check(
        "<object width=1><param name=movie value='//youtube.com/v/x'></object>",
        &player.replace(" width=\"560\"", ""),
    );
    check(
        "<p>a<iframe src='//youtube.com/embed/x'></iframe>b",
        &format!("<p>a{}b</p>", player.replace(" width=\"560\"", "")),
    );
    check("<iframe src='javascript:alert(1)'></iframe><iframe srcdoc='<p>x'></iframe><iframe>", "");
}

#[test]
fn late_pictures_come_early() {
    let real = "<img src=\"https://example.org/real.jpg\">";
    for late in ["data-src", "data-lazy-src", "data-original"] {
        check(&format!("<img src='data:image/gif;base64,R0' {late}='/real.jpg'>"), real);
    }
    check("<img src='/real.jpg' data-src='true'>", real);
    check("<img data-src=/real.jpg class=lazy><noscript><img src=/real.jpg></noscript>", real);
    check("<noscript><img src=/real.jpg></noscript><img src=data:, data-src=/real.jpg>", real);
    check("<img src='data:image/svg+xml,x'><noscript><img src=/real.jpg></noscript>", real);
    check("<img src=/real.jpg><img src=/real.jpg>", &real.repeat(2));
    check(
        "<img srcset='/a.jpg 1x, b.jpg 2x'>",
        "<img src=\"https://example.org/a.jpg\" srcset=\"https://example.org/a.jpg 1x, https://example.org/blog/b.jpg 2x\">",
    );
    check(
        "<img src=data:, data-srcset='/a.jpg 640w' sizes='50vw'>",
        "<img src=\"https://example.org/a.jpg\" srcset=\"https://example.org/a.jpg 640w\" sizes=\"50vw\">",
    );
    check(
        "<picture><source data-srcset='/a.webp 1x'><img data-src=/real.jpg></picture>",
        &format!("<picture><source srcset=\"https://example.org/a.webp 1x\">{real}</picture>"),
    );
}

#[test]
fn what_only_counts_readers_goes() {
    let trackers = [
        "<img src='https://t.example/p.gif' width=1 height=1>",
        "<img src='https://t.example/p.gif' width='2px' height='0'>",
        "<img src='https://t.example/p.gif' height=1>",
        "<img src='https://t.example/p.gif' width=1q66>",
        "<img src='https://t.example/p.gif' style='width: 1px; HEIGHT:1px!important'>",
        "<img src='https://t.example/p.gif' style='display:none'>",
        "<img src='http://feeds.feedburner.com/~r/blog/~4/x'>",
        "<img src='https://ad.doubleclick.net/x.gif' width=300>",
        "<img src='data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'>",
    ];
    for html in trackers {
        check(&format!("x{html}"), "x");
    }
    check(
        "<img src=/rule.gif width=600 height=1>",
        "<img src=\"https://example.org/rule.gif\" width=\"600\" height=\"1\">",
    );
    check("<img src=/i.gif style='width:100%;height:2px'>", "");
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
        concat!("<a href=\"https://example.org/1\" @>x</a>", "<a href=\"https://example.org/2\" @>y</a>",),
    );
    check("2 < 3 & 4 > 1 &amp;lt;", "2 &lt; 3 &amp; 4 &gt; 1 &amp;lt;");
}

#[test]
fn what_grows_by_being_escaped_is_cut_between_characters() {
    const MIB: usize = 1024 * 1024;
    for html in ["&", "<", "é&", "<p>&"] {
        let clean = feed::clean_html(&html.repeat(MIB / html.len()), BASE).unwrap_or_default();
        assert!((MIB - 16..MIB + 512).contains(&clean.len()), "{html}: {}", clean.len());
        assert!(clean.ends_with([';', '>', 'é']), "{html}");
    }
}
