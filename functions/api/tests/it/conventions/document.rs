//! The description and the router say the same.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use serde_json::Value;

use crate::world::World;

/// Every documented operation: path and method.
pub(crate) fn operations(document: &Value) -> Vec<(String, Method, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter();
        methods
            .map(|(method, operation)| (path.clone(), method.to_uppercase().parse().unwrap(), operation.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

/// `path` with something well-formed in place of each name in braces.
fn filled(path: &str) -> String {
    let fill = |part: &str| match part {
        "{job}" => "0199aaaa-0000-7000-8000-000000000000".to_owned(),
        "{user}" => "9f1c2d3e-4b5a-4678-9abc-def012345678".to_owned(),
        part if part.starts_with('{') => "AAAAAAAA".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// Every path of the router. `axum` tells them only to those who debug it: a new version that words it otherwise fails here.
fn routed(world: &World) -> BTreeSet<String> {
    let shown = format!("{:?}", world.router);
    let routes = shown.split("fallback_router").next().unwrap();
    let quoted = routes.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/')).map(str::to_owned).collect()
}

#[tokio::test]
async fn each_route_is_described_and_each_described_path_is_routed() {
    let world = World::new().await;
    let document = world.get("/openapi.json").await.json;
    let described: BTreeSet<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    // What reader apps speak is described where people look for it, in docs/READER_APPS.md.
    let is_rest =
        |path: &String| !["/accounts/", "/reader/", "/api/greader.php/"].iter().any(|root| path.starts_with(root));
    assert_eq!(routed(&world).into_iter().filter(is_rest).collect::<BTreeSet<_>>(), described);
    assert!(described.contains("/v1/sources/{source}/jobs/{job}"));
}

#[tokio::test]
async fn each_path_takes_the_methods_that_are_described_and_no_other() {
    let world = World::new().await;
    let document = world.get("/openapi.json").await.json;
    let mut methods: BTreeMap<String, Vec<Method>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        methods.entry(path).or_default().push(method);
    }
    for (path, described) in methods {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = world.ask(method.clone(), &filled(&path), "").await;
            let taken = answer.status != StatusCode::METHOD_NOT_ALLOWED && answer.json["code"] != "no_such_path";
            assert_eq!(taken, described.contains(&method), "{method} {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn each_operation_has_a_name_of_its_own_and_says_what_it_answers() {
    let world = World::new().await;
    let document = world.get("/openapi.json").await.json;
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} is the name of two");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{method} {path}");
        for (status, response) in responses {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path} {status}");
        }
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let parameters = operation["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|p| p["name"] == part && p["in"] == "path"), "{method} {path} {part}");
        }
    }
}

#[tokio::test]
async fn each_operation_says_who_may_ask_and_each_post_that_it_may_be_repeated() {
    let document = World::new().await.get("/openapi.json").await.json;
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for requirement in document["security"].as_array().unwrap() {
        assert!(requirement.as_object().unwrap().keys().all(|name| schemes.contains_key(name)), "{requirement}");
    }
    for (path, method, operation) in operations(&document) {
        let open = operation["security"] == serde_json::json!([{}]);
        assert_eq!(operation["responses"].get("401").is_none(), open, "{method} {path}");
        let repeatable = operation["parameters"].to_string().contains("/IdempotencyKey");
        assert_eq!(repeatable, method == Method::POST, "{method} {path}");
    }
}

#[tokio::test]
async fn each_reference_leads_somewhere() {
    let document = World::new().await.get("/openapi.json").await.json;
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

/// The guides for people: to the API, and to what reader apps speak.
const GUIDE: &str =
    concat!(include_str!("../../../../../docs/API.md"), include_str!("../../../../../docs/READER_APPS.md"));

/// Words in `quotes` of `text` that look like codes.
fn codes(text: &str, quote: char) -> BTreeSet<&str> {
    let is_code = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.split(quote).skip(1).step_by(2).filter(is_code).collect()
}

#[tokio::test]
async fn the_guide_names_each_call_and_each_code() {
    let document = World::new().await.get("/openapi.json").await.json;
    let mut described = String::new();
    for (path, method, operation) in operations(&document) {
        // Parts of the page.
        if path.starts_with("/docs/") {
            continue;
        }
        let call = match method {
            Method::DELETE if path.ends_with("/administrator") => "`DELETE` the same".to_owned(),
            _ => format!("`{method} {path}"),
        };
        let ends = |after: &str| after.starts_with(['`', '?', ' ']);
        assert!(GUIDE.split(&call).skip(1).any(ends), "{method} {path}");
        for response in operation["responses"].as_object().unwrap().values() {
            described += response["description"].as_str().unwrap();
        }
    }
    // Each text in the code of problems is a code, or no single word.
    let problems = include_str!("../../../src/problem.rs");
    let missing = |code: &&str| !GUIDE.contains(&format!("`{code}`")) && !GUIDE.contains(&format!("{code},"));
    let unsaid: Vec<&str> = codes(&described, '`').union(&codes(problems, '"')).copied().filter(missing).collect();
    assert!(unsaid.is_empty(), "docs/API.md and docs/READER_APPS.md do not say {unsaid:?}");
}
