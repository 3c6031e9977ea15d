//! Roles: one each, and nothing in them that has no name. That each allows what its function does is held by the functions' own tests,
//! which run behind `blueprint::guard`; that it allows nothing else, by `cargo xtask roles` after them.

use std::collections::BTreeSet;

use blueprint::Allowed;

use super::template;

#[test]
fn every_function_has_a_role_of_its_own() {
    let template = template();
    for (name, function) in template.resources("AWS::Serverless::Function") {
        assert_eq!(function["Properties"]["Role"]["Fn::GetAtt"][0], format!("{name}Role"), "{name}");
        assert!(!template.role(name).allowed.is_empty(), "{name}");
    }
}

#[test]
fn no_role_allows_what_has_no_name() {
    let template = template();
    for (name, _) in template.resources("AWS::Serverless::Function") {
        for Allowed { action, resource } in template.role(name).allowed {
            assert!(!action.contains('*'), "{name}: {action}");
            if action.starts_with("xray:") {
                assert_eq!(resource, "*", "X-Ray has no resources");
                continue;
            }
            let known = resource.split('/').next().unwrap();
            assert!(template.properties(known).is_object() || known == "Key", "{name}: {resource} is nothing of ours");
            assert!(!resource.trim_end_matches("/*").contains('*'), "{name}: {resource}");
        }
    }
}

/// What a role allows, its own queue and log apart.
fn without_its_own(function: &str) -> BTreeSet<Allowed> {
    let own =
        |allowed: &Allowed| ["Fetch", "FetchSlow"].contains(&&*allowed.resource) || allowed.action.starts_with("logs:");
    template().role(function).allowed.into_iter().filter(|allowed| !own(allowed)).collect()
}

#[test]
fn both_lanes_may_do_the_same_each_at_its_own_queue() {
    assert_eq!(without_its_own("Fetcher"), without_its_own("FetcherSlow"));
    let at = |function: &str, queue: &str| -> BTreeSet<String> {
        let allowed = template().role(function).allowed.into_iter();
        allowed.filter(|allowed| allowed.resource == queue).map(|allowed| allowed.action).collect()
    };
    assert_eq!(at("Fetcher", "Fetch"), at("FetcherSlow", "FetchSlow"));
    assert!(at("Fetcher", "FetchSlow").is_empty() && at("FetcherSlow", "Fetch").is_empty());
}
