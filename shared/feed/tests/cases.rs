//! What each document must be read as. `cases/<name>.json` says what to expect of `cases/<name>.in`: of `parsed` the fields that are named, or an `error`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

const BASE: &str = "https://example.org/feeds/main";

/// Every value in `expected` must be in `actual`; objects may have more fields, lists may not be longer.
fn differences(path: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, expected) in fields {
                differences(&format!("{path}.{name}"), expected, &actual[name], found);
            }
        }
        (Value::Array(wanted), Value::Array(given)) if wanted.len() == given.len() => {
            for (number, (expected, actual)) in wanted.iter().zip(given).enumerate() {
                differences(&format!("{path}[{number}]"), expected, actual, found);
            }
        }
        _ if expected == actual => {}
        _ => found.push(format!("{path}: expected {expected}, got {actual}")),
    }
}

#[expect(clippy::panic, clippy::unwrap_used, reason = "clippy.toml exempts test functions alone, not their helpers")]
fn check(input: &Path) -> Vec<String> {
    let name = input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let expected = fs::read(input.with_extension("json")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected: Value = serde_json::from_slice(&expected).unwrap_or_else(|error| panic!("{name}: {error}"));
    let actual = match feed::parse(&fs::read(input).unwrap(), expected["content_type"].as_str(), BASE) {
        Ok(parsed) => serde_json::json!({ "parsed": parsed }),
        Err(error) => serde_json::json!({ "error": error.failure() }),
    };
    let mut found = Vec::new();
    for part in ["parsed", "error"] {
        if let Some(wanted) = expected.get(part) {
            differences(&format!("{name} {part}"), wanted, &actual[part], &mut found);
        }
    }
    assert!(expected.get("parsed").is_some() || expected.get("error").is_some(), "{name} expects nothing");
    found
}

#[test]
fn every_case_is_read_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.retain(|path| path.extension().is_some_and(|extension| extension == "in"));
    inputs.sort();
    assert!(inputs.len() >= 25, "only {} cases were found", inputs.len());
    let found: Vec<String> = inputs.iter().flat_map(|input| check(input)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
