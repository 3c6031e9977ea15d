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

#[test]
fn what_is_simply_clean_is_proven() {
    for html in [
        "",
        "x",
        "<p>x</p>",
        "<table><tbody><tr><td><b>x</b></td></tr></tbody></table>",
        "<img src=\"https://a.example/i\">",
    ] {
        assert_eq!(feed::prove_and_judge(html), (true, html.to_owned()));
    }
    for html in [
        "\u{feff}",
        "<p>x",
        "<p><p>x</p></p>",
        "<table><td>x</td></table>",
        "<b>x</i>",
        "&",
        ">",
        "<A></A>",
        "<pre>\n</pre>",
        "</p>",
    ] {
        assert!(!feed::prove_and_judge(html).0, "{html}");
    }
}
