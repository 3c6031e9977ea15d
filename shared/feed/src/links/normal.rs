//! The normal form of links, by which two spellings of one place are told to be one.

use super::strip_scheme;
use crate::lanes;
use crate::text;

/// Query parameters that tell where a reader came from, not where they go.
const TRACKING: &[&str] = &[
    "__hsfp",
    "__hssc",
    "__hstc",
    "__twitter_impression",
    "_bta_c",
    "_bta_tid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_openstat",
    "at_campaign",
    "at_medium",
    "ck_subscriber_id",
    "cmpid",
    "dclid",
    "epik",
    "fb_action_ids",
    "fb_action_types",
    "fb_ref",
    "fb_source",
    "fbclid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "hsctatracking",
    "igsh",
    "igshid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mibextid",
    "mkt_tok",
    "ml_subscriber",
    "ml_subscriber_hash",
    "msclkid",
    "ncid",
    "ns_campaign",
    "ns_mchannel",
    "ns_source",
    "oly_anon_id",
    "oly_enc_id",
    "rb_clickid",
    "ref_src",
    "ref_url",
    "s_cid",
    "s_kwcid",
    "srsltid",
    "ttclid",
    "twclid",
    "vero_conv",
    "vero_id",
    "wbraid",
    "wickedid",
    "wt.mc_id",
    "wt_mc",
    "xtor",
    "yclid",
    "ysclid",
];
/// As [`TRACKING`], whatever follows.
const TRACKING_STARTS: &[&str] = &["hsa_", "matomo_", "mtm_", "piwik_", "pk_", "utm_"];
/// Parameters that are tracking if what they say is that the reader came from a feed.
const FROM: &[&str] = &["cmp", "emc", "from", "partner", "ref", "source", "src"];
/// Parameters that number the visits of a reader.
const SESSION: &[&str] = &[
    "aspsessionid",
    "cfid",
    "cftoken",
    "jsessionid",
    "oscsid",
    "phpsessid",
    "session_id",
    "sessionid",
    "xtcsid",
    "zenid",
];

/// Of names that begin with each letter, how long they are: a bit for each length.
type Lengths = [u32; 256];

/// Those of `names`; of what names begin with, all from its own length on.
const fn lengths(names: &[&str], are_starts: bool) -> Lengths {
    let mut lengths = [0; 256];
    let mut at = 0;
    while at < names.len() {
        let len = names[at].len();
        lengths[names[at].as_bytes()[0] as usize] |= if are_starts { u32::MAX << len } else { 1 << len };
        at += 1;
    }
    lengths
}

static TRACKING_LENGTHS: Lengths = lengths(TRACKING, false);
static START_LENGTHS: Lengths = lengths(TRACKING_STARTS, true);
static FROM_LENGTHS: Lengths = lengths(FROM, false);
static SESSION_LENGTHS: Lengths = lengths(SESSION, false);

/// Whether a parameter has nothing to do with which page it is.
fn is_tracking(parameter: &str) -> bool {
    let (name, value) = split_at_byte(parameter, b'=');
    let Some(first) = name.bytes().next().filter(|_| name.len() >= 3 || value.len() == 32) else { return false };
    let may_be = |lengths: &Lengths| lengths[usize::from(first.to_ascii_lowercase())] >> name.len().min(31) & 1 == 1;
    let is_in = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    let begins = |text: &str, start: &str| text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start));
    may_be(&TRACKING_LENGTHS) && is_in(TRACKING)
        || may_be(&START_LENGTHS) && TRACKING_STARTS.iter().any(|start| begins(name, start))
        || may_be(&SESSION_LENGTHS) && is_in(SESSION)
        // `sid` may as well be the number of a story.
        || value.len() == 32 && is_in(&["s", "sid"]) && value.bytes().all(|byte| byte.is_ascii_hexdigit())
        || may_be(&FROM_LENGTHS) && ["rss", "feed"].iter().any(|from| begins(value, from)) && is_in(FROM)
}

/// Appends the form in which links are compared: without http or https, parameters for tracking and sessions, default port, and a last slash.
pub(crate) fn push_normal(link: &str, out: &mut String) {
    push_normal_in(link, &mut String::new(), out);
}

/// As [`push_normal`], with `room` to work in.
pub(crate) fn push_normal_in(link: &str, room: &mut String, out: &mut String) {
    let link = text::unescape_in(link.trim(), room);
    let (link, fragment) = split_at_byte(link, b'#');
    let (path, query) = split_at_byte(link, b'?');
    let path = match strip_scheme(path) {
        Some(place) => {
            let (host, path) = place.split_at(lanes::find(place.as_bytes(), b'/').unwrap_or(place.len()));
            let host = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host);
            out.push_str("//");
            let from = out.len();
            out.push_str(host);
            out[from..].make_ascii_lowercase();
            path
        }
        None => path,
    };
    let session = lanes::find(path.as_bytes(), b';').and_then(|_| path.find(";jsessionid="));
    let path = session.map_or(path, |session| &path[..session]);
    out.push_str(path.strip_suffix('/').unwrap_or(path));
    let mut mark = '?';
    let mut rest = query;
    while !rest.is_empty() {
        let (parameter, others) = split_at_byte(rest, b'&');
        rest = others;
        if !parameter.is_empty() && !is_tracking(parameter) {
            out.push(mark);
            out.push_str(parameter);
            mark = '&';
        }
    }
    if !fragment.is_empty() && !fragment.split('&').all(is_tracking) {
        out.push('#');
        out.push_str(fragment);
    }
}

/// What stands before and behind the first `byte`, which is ASCII.
fn split_at_byte(text: &str, byte: u8) -> (&str, &str) {
    lanes::find(text.as_bytes(), byte).map_or((text, ""), |at| (&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_that_tells_nothing_is_known_by_its_name() {
        let starts = TRACKING_STARTS.iter().flat_map(|start| [start.to_string(), format!("{start}{}", "x".repeat(40))]);
        let names = TRACKING.iter().chain(SESSION).map(|name| name.to_string()).chain(starts);
        for name in names {
            assert!(is_tracking(&format!("{name}=1")) && is_tracking(&name.to_uppercase()), "{name}");
            assert!(!is_tracking(&format!("x{name}=1")), "{name}");
        }
        for name in FROM {
            assert!(is_tracking(&format!("{name}=rss")) && !is_tracking(&format!("{name}=1")), "{name}");
        }
    }

    #[test]
    fn spellings_of_one_place_have_one_normal_form() {
        let cases = [
            ("https://Example.org/A?id=1&utm_source=rss", "//example.org/A?id=1"),
            ("http://example.org:80/A/?UTM_medium=x&amp;id=1&fbclid=2", "//example.org/A?id=1"),
            ("//example.org/A?id=1#utm_source=feed", "//example.org/A?id=1"),
            ("https://example.org/", "//example.org"),
            ("https://example.org/log#v1", "//example.org/log#v1"),
            ("urn:uuid:1", "urn:uuid:1"),
            ("https://example.org/a;jsessionid=12AB?x=1&PHPSESSID=3&source=rss&pk_kwd=y", "//example.org/a?x=1"),
            ("https://example.org/?sid=12&source=3", "//example.org?sid=12&source=3"),
            ("https://example.org/?sid=0123456789abcdef0123456789ABCDEF", "//example.org"),
        ];
        for (link, expected) in cases {
            let mut normal = String::new();
            push_normal(link, &mut normal);
            assert_eq!(normal, expected, "{link}");
        }
    }
}
