//! Whatever HTML comes in, what goes out runs nothing, and is clean by every judge there is.

mod pieces;
mod second_judge;
mod vectors;

use proptest::prelude::*;

use second_judge::objection;

const BASE: &str = "https://example.org/blog/post";

/// Why the answer to `html` will not do, if it does not.
fn fault(html: &str) -> Option<String> {
    let clean = feed::clean_html(html, BASE).unwrap_or_default();
    let (fast, slow) = feed::clean_both_ways(html, BASE);
    if fast != slow {
        return Some(format!("the proof says {fast:?}, the judge {slow:?}"));
    }
    let again = feed::clean_html(&clean, BASE).unwrap_or_default();
    if feed::clean_from_tape(html, BASE).unwrap_or_default() != clean {
        return Some("it makes a difference whether its tokens are on a tape".to_owned());
    }
    if again != clean {
        return Some(format!("cleaned once {clean:?}, twice {again:?}"));
    }
    objection(&clean).map(|objection| format!("{objection} in {clean:?}"))
}

#[test]
fn no_known_attack_gets_through() {
    let faults: Vec<_> = vectors::ATTACKS.iter().filter_map(|html| Some(format!("{html}: {}", fault(html)?))).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(vectors::ATTACKS.len() > 120);
}

#[test]
fn no_known_attack_gets_through_inside_anything_else() {
    for around in [
        "<p>@",
        "<table>@",
        "<table><tr><td>@",
        "<a href=x>@",
        "<svg>@",
        "<math><mtext>@",
        "<b><i>@</b>",
        "<noscript>@",
        "<pre>@",
        "x<!--@",
    ] {
        for html in vectors::ATTACKS {
            let html = around.replace('@', html);
            assert_eq!(fault(&html), None, "{html}");
        }
    }
}

#[test]
fn the_second_judge_objects_to_what_is_harmful() {
    let harmful = [
        "<script>x</script>",
        "<img src=\"https://a.example/\" onerror=\"x\">",
        "<a href=\"javascript:x\" rel=\"noopener noreferrer\">x</a>",
        "<a href=\"https://a.example/\">x</a>",
        "<iframe src=\"https://evil.example/\" sandbox=\"\"></iframe>",
        "<img src=\"data:image/svg+xml,x\">",
        "<p style=\"x\">y</p>",
        "<p>x",
        "<!--x-->",
        "<p><div>x</div></p>",
        "<img srcset=\"https://a.example/, javascript:x 2x\">",
    ];
    for html in harmful {
        assert!(objection(html).is_some(), "{html}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_what_goes_out_is_harmless_and_clean_already(html in pieces::soup()) {
        prop_assert_eq!(fault(&html), None);
    }

    #[test]
    fn nearly_clean_html_too(html in pieces::tree()) {
        prop_assert_eq!(fault(&html), None);
    }

    #[test]
    fn any_text_too(html in any::<String>()) {
        prop_assert_eq!(fault(&html), None);
    }

    #[test]
    fn what_is_proven_clean_the_judge_leaves_as_it_is(html in prop_oneof![pieces::tree(), pieces::soup()]) {
        let (is_proven, judged) = feed::prove_and_judge(&html);
        if is_proven {
            prop_assert_eq!(judged, html);
        }
    }
}

/// Links as we write them.
const LINK: &str = "<a href=\"https://a.example/\" rel=\"noopener noreferrer\">";
/// The start tag of a player as we write it, and its end.
const PLAYER: [&str; 2] = [
    concat!(
        "<iframe src=\"https://www.youtube.com/embed/x\"",
        " sandbox=\"allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation\"",
        " allow=\"encrypted-media; fullscreen; picture-in-picture\" allowfullscreen=\"\" loading=\"lazy\"",
        " referrerpolicy=\"strict-origin-when-cross-origin\">",
    ),
    "</iframe>",
];

#[test]
fn what_is_simply_clean_is_proven() {
    let clean = [
        "",
        "x",
        "<p>x &amp; y&nbsp;©</p>",
        "<table><tbody><tr><td><b>x</b><p>y</p></td></tr> </tbody></table>",
        "<img src=\"https://a.example/i\" alt=\"&quot;\">",
        "<ul><li><ul><li>x</li></ul></li></ul><dl><dt>x</dt><dd>y</dd></dl>",
        &format!("{LINK}x</a><h1><b>y</b></h1>"),
        &PLAYER.concat(),
    ];
    for html in clean {
        assert_eq!(feed::prove_and_judge(html), (true, html.to_owned()));
    }
}

#[test]
fn nothing_is_proven_that_a_browser_may_read_otherwise() {
    let doubtful = [
        // Characters.
        "\u{feff}",
        "&",
        "&copy;",
        ">",
        "\u{a0}",
        "\0",
        "\r",
        "<p title=\"\u{a0}\"></p>",
        "<p title=\"<\"></p>",
        "<pre>\n</pre>",
        "<!--x-->",
        "<",
        // Tags that are not closed, or not in order.
        "<p>x",
        "</p>",
        "<b>x</i>",
        "<b><i>x</b></i>",
        "<br></br>",
        "<p>x</p",
        "<p",
        "<A></A>",
        "<script></script>",
        // Elements that end others, or are moved.
        "<p><p>x</p></p>",
        "<p><b><div>x</div></b></p>",
        "<p><hr></p>",
        "<p><table></table></p>",
        "<h1><h2>x</h2></h1>",
        "<li><li>x</li></li>",
        "<li><div><p><li>x</li></p></div></li>",
        "<li><div><b><li>x</li></b></div></li>",
        "<dd><div><dt>x</dt></div></dd>",
        "<dt><dt>x</dt></dt>",
        "<table><td>x</td></table>",
        "<table>x</table>",
        "<table>&nbsp;</table>",
        "<table><b></b></table>",
        "<td>x</td>",
        "<tr></tr>",
        "<col>",
        "<table><tbody><tr><tr></tr></tr></tbody></table>",
        "<table><colgroup>x</colgroup></table>",
        "<ruby><rt><rt>x</rt></rt></ruby>",
        &format!("{LINK}<b>{LINK}x</a></b></a>"),
        &format!("{}x{}", PLAYER[0], PLAYER[1]),
        PLAYER[0],
        // Attributes.
        "<p id=\"x\"></p>",
        "<p title='x'></p>",
        "<p title=x></p>",
        "<p title></p>",
        "<p  title=\"x\"></p>",
        "<p title=\"x\" ></p>",
        "<p dir=\"up\"></p>",
        "<p title=\"x\" title=\"y\"></p>",
        "<p title=\"x\" lang=\"y\"></p>",
        "<img src=\"x\">",
        "<img src=\"javascript:x\">",
        "<img/>",
        "<img src=\"https://a.example/i\" onerror=\"x\">",
        "<code class=\"x\">y</code>",
        "<a href=\"https://a.example/\">x</a>",
        "<a href=\"javascript:x\" rel=\"noopener noreferrer\">x</a>",
        "<audio></audio>",
        "<iframe></iframe>",
        "<iframe src=\"https://www.youtube.com/embed/x\"></iframe>",
        &PLAYER.concat().replace("youtube.com", "evil.example"),
        &PLAYER.concat().replace("allow-popups ", "allow-top-navigation "),
        &PLAYER.concat().replace(" loading=\"lazy\"", ""),
    ];
    for html in doubtful {
        assert!(!feed::prove_and_judge(html).0, "{html}");
    }
}
