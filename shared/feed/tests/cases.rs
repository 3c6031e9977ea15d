//! What each document must be read as: cases are data, in the folders of `cases/`, named after the rule that they show.
//!
//! * `<name>.in` is a document and `<name>.json` what to expect of it: of `parsed` the fields that are named, or an `error`. It may say under which
//!   `content_type` and `base` the document came. Of a list of feeds it expects `opml` (folders as paths) or `opml_error`, of
//!   a web page the `links` to feeds.
//! * `<name>.table.json` is many documents that differ in one place: the `template`, whose `{}` each of `rows` fills with its first value, and a pointer
//!   `at` which the row's second value must be found in what was parsed. Each row is a case. With `of`, each row is an address: `guess` and `common_paths`
//!   are the feeds that it tells of.
//! * A table whose `at` is `keys` compares documents with each other: each row fills the template twice, and says whether the entries of the second have
//!   the same keys as those of the first, in the same order (`true`), or none in common (`false`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Where a document is from, unless its case says otherwise.
const BASE: &str = "https://example.org/feeds/main";
/// If fewer are found, a folder got lost.
const FEWEST: usize = 400;

/// What a case may compare.
const SUBJECTS: [&str; 5] = ["parsed", "error", "opml", "opml_error", "links"];

/// What Feedmill makes of a document that came as `case` says.
fn read(case: &Value, document: &[u8]) -> Value {
    if case.get("opml").or(case.get("opml_error")).is_some() {
        return read_opml(document);
    }
    let base = case["base"].as_str().unwrap_or(BASE);
    if case.get("links").is_some() {
        return json!({ "links": feed::discover::links(document, case["content_type"].as_str(), base) });
    }
    let urls = |candidates: Vec<feed::discover::Candidate>| -> Vec<String> {
        candidates.into_iter().map(|candidate| candidate.url).collect()
    };
    match (case["of"].as_str(), std::str::from_utf8(document)) {
        (Some("guess"), Ok(url)) => return json!({ "parsed": urls(feed::discover::guess(url)) }),
        (Some("common_paths"), Ok(url)) => return json!({ "parsed": urls(feed::discover::common_paths(url)) }),
        _ => {}
    }
    match feed::parse(document, case["content_type"].as_str(), base) {
        Ok(parsed) => json!({ "parsed": parsed }),
        Err(error) => json!({ "error": error.failure() }),
    }
}

fn read_opml(document: &[u8]) -> Value {
    let list = match feed::opml::read(document) {
        Ok(list) => list,
        Err(error) => return json!({ "opml_error": error.to_string() }),
    };
    let path = |folder: usize| list.path(folder).join("/");
    let mut shown = json!({ "opml": list });
    shown["opml"]["folders"] = (0..list.folders.len()).map(path).collect();
    for (number, feed) in list.feeds.iter().enumerate() {
        shown["opml"]["feeds"][number]["folders"] = feed.folders.iter().map(|folder| path(*folder)).collect();
    }
    shown
}

/// Every value in `expected` must be in `actual`; objects may have more fields, lists may not be longer.
fn differences(path: &str, expected: &Value, actual: Option<&Value>, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(fields), Some(Value::Object(actual))) => {
            for (name, expected) in fields {
                differences(&format!("{path}/{name}"), expected, actual.get(name), found);
            }
        }
        (Value::Array(wanted), Some(Value::Array(given))) if wanted.len() == given.len() => {
            for (number, (expected, actual)) in wanted.iter().zip(given).enumerate() {
                differences(&format!("{path}/{number}"), expected, Some(actual), found);
            }
        }
        (expected, Some(actual)) if expected == actual => {}
        (expected, Some(actual)) => found.push(format!("{path}: expected {expected}, got {actual}")),
        (expected, None) => found.push(format!("{path}: expected {expected}, there is no such field")),
    }
}

fn is_empty(expected: &Value) -> bool {
    expected.is_null() || expected.as_object().is_some_and(serde_json::Map::is_empty)
}

/// What is wrong with the case `<name>.json`.
fn check_document(name: &str, case: &Value, document: &[u8], found: &mut Vec<String>) {
    let actual = read(case, document);
    let named: Vec<&str> = SUBJECTS.into_iter().filter(|subject| case.get(subject).is_some()).collect();
    if named.iter().all(|subject| is_empty(&case[subject])) {
        found.push(format!("{name}: names nothing to compare"));
    }
    for subject in named {
        match actual.get(subject) {
            Some(actual) => differences(&format!("{name} {subject}"), &case[subject], Some(actual), found),
            None => found.push(format!("{name}: expected {subject}, got {actual}")),
        }
    }
}

/// What is wrong with the rows of `<name>.table.json`, and how many there are.
fn check_table(name: &str, case: &Value, found: &mut Vec<String>) -> usize {
    let (Some(template), Some(at), Some(rows)) =
        (case["template"].as_str(), case["at"].as_str(), case["rows"].as_array())
    else {
        found.push(format!("{name}: a table has a template, at and rows"));
        return 0;
    };
    if !template.contains("{}") || rows.is_empty() {
        found.push(format!("{name}: names nothing to compare"));
    }
    for row in rows {
        if at == "keys" {
            check_keys(name, case, template, row, found);
            continue;
        }
        let Some((input, expected)) = row[0].as_str().zip(row.get(1)) else {
            found.push(format!("{name}: {row} is not an input and what it gives"));
            continue;
        };
        let actual = read(case, template.replace("{}", input).as_bytes());
        match actual["parsed"].pointer(at) {
            Some(actual) => differences(&format!("{name} {input:?} {at}"), expected, Some(actual), found),
            None => found.push(format!("{name} {input:?}: nothing at {at}, got {actual}")),
        }
    }
    rows.len()
}

/// What is wrong with a row that compares the keys of two documents.
fn check_keys(name: &str, case: &Value, template: &str, row: &Value, found: &mut Vec<String>) {
    let keys = |input: &Value| -> Vec<String> {
        let actual = read(case, template.replace("{}", input.as_str().unwrap_or_default()).as_bytes());
        let items = actual["parsed"]["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["key"].to_string()).collect()
    };
    let (first, second) = (keys(&row[0]), keys(&row[1]));
    let is_right = match row[2].as_bool() {
        _ if first.is_empty() || second.is_empty() => false,
        Some(true) => first == second,
        Some(false) => !first.iter().any(|key| second.contains(key)),
        None => false,
    };
    if !is_right {
        found.push(format!("{name} {row}: the keys are {first:?} and {second:?}"));
    }
}

/// Every file below `folder`, without the ending that says what it is.
#[expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions alone, not their helpers")]
fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_below(&path, files),
            false => files.push(path),
        }
    }
}

/// Checks every case below `folder`: how many there are, and what is wrong with them.
#[expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions alone, not their helpers")]
fn check_all(folder: &Path) -> (usize, Vec<String>) {
    let mut files = Vec::new();
    files_below(folder, &mut files);
    let files: BTreeSet<PathBuf> = files.into_iter().collect();
    let (mut cases, mut found) = (0, Vec::new());
    for file in &files {
        let name = file.strip_prefix(folder).unwrap().display().to_string();
        let expected = || serde_json::from_slice::<Value>(&fs::read(file.with_extension("json")).unwrap());
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("in") if !files.contains(&file.with_extension("json")) => found.push(format!("{name}: has no .json")),
            Some("in") => match expected() {
                Ok(case) => {
                    cases += 1;
                    check_document(&name, &case, &fs::read(file).unwrap(), &mut found);
                }
                Err(error) => found.push(format!("{name}: its .json: {error}")),
            },
            Some("json") if name.ends_with(".table.json") => match expected() {
                Ok(case) => cases += check_table(&name, &case, &mut found),
                Err(error) => found.push(format!("{name}: {error}")),
            },
            Some("json") if files.contains(&file.with_extension("in")) => {}
            Some("json") => found.push(format!("{name}: has no .in")),
            _ => found.push(format!("{name}: is neither .in nor .json")),
        }
    }
    (cases, found)
}

#[test]
fn every_case_is_read_as_it_says() {
    let (cases, found) = check_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"));
    println!("{cases} cases");
    assert!(found.is_empty(), "\n{}\n{} differences in {cases} cases", found.join("\n"), found.len());
    assert!(cases >= FEWEST, "only {cases} cases were found");
}

/// What the runner finds wrong with one file of a case, beside `a.in`.
fn check_runner(file: &str, case: &Value, expected: &str) {
    let mut found = Vec::new();
    let document = b"<rss version='2.0'><channel><title>T</title></channel></rss>";
    match file.ends_with(".table.json") {
        true => drop(check_table(file, case, &mut found)),
        false => check_document(file, case, document, &mut found),
    }
    assert_eq!(found.join("; "), expected, "{case}");
}

#[test]
fn a_case_that_compares_nothing_or_the_wrong_thing_is_wrong() {
    check_runner("a", &json!({ "parsed": { "title": "T" } }), "");
    check_runner("a", &json!({ "parsed": { "title": "U" } }), "a parsed/title: expected \"U\", got \"T\"");
    check_runner("a", &json!({ "parsed": { "titel": null } }), "a parsed/titel: expected null, there is no such field");
    check_runner("a", &json!({ "parsed": {} }), "a: names nothing to compare");
    check_runner("a", &json!({ "prased": { "title": "U" } }), "a: names nothing to compare");
    let table = |rows: Value| json!({ "template": "<rss version='2.0'><channel><title>{}</title></channel></rss>", "at": "/title", "rows": rows });
    check_runner("a.table.json", &table(json!([["T", "T"], ["", null]])), "");
    check_runner("a.table.json", &table(json!([])), "a.table.json: names nothing to compare");
    check_runner("a.table.json", &table(json!([["T", "U"]])), "a.table.json \"T\" /title: expected \"U\", got \"T\"");
    let keys = |rows: Value| json!({ "template": "<rss version='2.0'><channel><item><guid>{}</guid></item></channel></rss>", "at": "keys", "rows": rows });
    check_runner("a.table.json", &keys(json!([["1", "1", true], ["1", "2", false]])), "");
    for row in [json!(["1", "1", false]), json!(["1", "2", true]), json!(["1", "1"])] {
        let mut found = Vec::new();
        check_table("a.table.json", &keys(json!([row])), &mut found);
        assert_eq!(found.len(), 1, "{row}");
    }
    check_runner("a.table.json", &table(json!([["T"]])), "a.table.json: [\"T\"] is not an input and what it gives");
}
