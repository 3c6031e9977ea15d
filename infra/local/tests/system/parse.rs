//! `feedmill parse`: what it prints of one feed and of many.

use std::path::Path;

use origin::{Origin, Reply};
use serde_json::{Value, json};

use super::cli::{check_refused, feedmill};

const ITEM: &str = "<item><title>One</title><link>one</link><description>x</description></item>";

fn rss(title: &str) -> String {
    format!("<rss version='2.0'><channel><title>{title}</title>{ITEM}</channel></rss>")
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Reads one feed from standard input; what it prints is one line.
async fn of_input(args: &[&str], input: &str) -> Value {
    let (code, out, err) = feedmill(&[&["parse", "-"], args].concat(), input).await;
    assert_eq!((code, err.as_str(), out.lines().count()), (0, "", 1), "{args:?}");
    serde_json::from_str(&out).unwrap()
}

#[tokio::test]
async fn a_feed_is_one_object_with_null_where_it_says_nothing() {
    let parsed = of_input(&[], &rss("T")).await;
    let names: Vec<&str> = parsed.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "description",
        "format",
        "hub",
        "image",
        "items",
        "language",
        "link",
        "repaired",
        "self",
        "title",
        "ttl_minutes",
        "updated",
    ];
    assert_eq!(names.iter().copied().collect::<std::collections::BTreeSet<_>>(), expected.into());
    let of_item = [
        "authors",
        "categories",
        "comments",
        "content",
        "enclosures",
        "id",
        "image",
        "key",
        "link",
        "published",
        "summary",
        "title",
        "updated",
    ];
    let item = parsed["items"][0].as_object().unwrap();
    assert_eq!(item.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), of_item.into());
    assert_eq!((&parsed["format"], &parsed["title"], &parsed["hub"]), (&json!("rss"), &json!("T"), &Value::Null));
    assert_eq!((&item["title"], &item["published"], &item["enclosures"]), (&json!("One"), &Value::Null, &json!([])));
}

#[tokio::test]
async fn base_and_content_type_can_be_said() {
    assert_eq!(of_input(&[], &rss("T")).await["items"][0]["link"], Value::Null);
    let parsed = of_input(&["--base", "https://example.org/blog/"], &rss("T")).await;
    assert_eq!(parsed["items"][0]["link"], "https://example.org/blog/one");

    let folder = tempfile::tempdir().unwrap();
    // In KOI8-R this byte is the Cyrillic letter.
    let bytes: Vec<u8> = rss("#").bytes().map(|byte| if byte == b'#' { 0xc1 } else { byte }).collect();
    let path = write(folder.path(), "a.xml", &bytes);
    let (_, out, _) = feedmill(&["parse", &path, "--content-type", "text/xml; charset=koi8-r"], "").await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["title"], "\u{430}");
    let (code, _, err) = feedmill(&["parse", "-", "--base", "nowhere"], "").await;
    assert!(code == 2 && err.contains("--base"), "{code}: {err}");
}

#[tokio::test]
async fn what_is_no_feed_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let page = write(folder.path(), "page.html", b"<!doctype html><html><body>hello</body></html>");
    check_refused(&["parse", &page], "", 1, "this is a web page, not a feed").await;
    check_refused(&["parse", "/no/such/file"], "", 1, "cannot read /no/such/file").await;
    check_refused(&["parse", "-"], "", 1, "the body is empty").await;
    check_refused(&["parse", "http://127.0.0.1/feed"], "", 1, "not on the public internet").await;
}

#[tokio::test]
async fn of_many_each_is_a_line_in_the_order_in_which_it_was_asked_for() {
    let origin = Origin::start().await.unwrap();
    origin.otherwise(|seen| match seen.path() {
        "/feed" => Reply::ok(rss("From the web")).header("content-type", "application/rss+xml"),
        _ => Reply::status(404),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut names: Vec<String> = (0..20)
        .map(|number| write(folder.path(), &number.to_string(), rss(&format!("Feed {number}")).as_bytes()))
        .collect();
    // A large one in front, so that the others are done before it.
    let items = ITEM.repeat(2_000);
    names[0] = write(folder.path(), "0", rss("Feed 0").replace(ITEM, &items).as_bytes());
    names.push(origin.url("/feed"));
    let mut args: Vec<&str> = vec!["parse", "--allow-private-networks", "--jobs", "4"];
    args.extend(names.iter().map(String::as_str));
    let (code, out, err) = feedmill(&args, "").await;
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let files: Vec<&str> = lines.iter().filter_map(|line| line["file"].as_str()).collect();
    assert_eq!(files, names);
    assert_eq!((lines[7]["title"].as_str(), lines[20]["title"].as_str()), (Some("Feed 7"), Some("From the web")));

    let missing = origin.url("/missing");
    let args = ["parse", &names[1], "/no/such/file", &missing, &names[2], "--jobs", "1", "--allow-private-networks"];
    let (code, out, err) = feedmill(&args, "").await;
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len(), err.lines().count()), (1, 4, 1), "{err}");
    assert!(err.contains("2 of 4"), "{err}");
    assert_eq!(lines[1]["file"], "/no/such/file");
    assert!(lines[1]["error"].as_str().is_some_and(|error| error.contains("cannot read")), "{}", lines[1]);
    assert!(lines[2]["error"].as_str().is_some_and(|error| error.contains("404")), "{}", lines[2]);
    assert_eq!((&lines[0]["error"], &lines[3]["title"]), (&Value::Null, &json!("Feed 2")));
}
