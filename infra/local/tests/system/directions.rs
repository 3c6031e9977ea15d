//! Which crate may import which. The order is an invariant: what may not be imported cannot be depended on by accident.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Of each crate: the crates of this workspace that it may use in its own code (tests may use more).
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("feed", &["domain"]),
    ("fetch", &["domain"]),
    ("store", &["domain"]),
    ("queue", &["domain"]),
    ("blob", &["domain"]),
    ("boot", &["domain"]),
    ("dispatcher", SHARED),
    ("maintenance", SHARED),
    ("fetcher", SHARED),
    ("api", SHARED),
    ("emulator", &[]),
    ("origin", &[]),
    ("faults", &[]),
    ("blueprint", &[]),
    ("servers", &["emulator"]),
    ("xtask", &["blueprint", "servers"]),
    (
        "bench",
        &[
            "domain",
            "feed",
            "fetch",
            "store",
            "queue",
            "blob",
            "boot",
            "dispatcher",
            "fetcher",
            "maintenance",
            "api",
            "emulator",
            "faults",
            "origin",
            "local",
        ],
    ),
    (
        "local",
        &[
            "domain",
            "feed",
            "fetch",
            "store",
            "queue",
            "blob",
            "boot",
            "dispatcher",
            "fetcher",
            "maintenance",
            "api",
            "emulator",
            "origin",
        ],
    ),
];

const SHARED: &[&str] = &["domain", "feed", "fetch", "store", "queue", "blob", "boot"];

/// Who alone may name a way out of the process.
const ONLY: &[(&str, &str)] =
    &[("aws-sdk-dynamodb", "store"), ("aws-sdk-sqs", "queue"), ("aws-sdk-s3", "blob"), ("reqwest", "fetch")];

/// Crate → the crates that its own code names.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap();
    let packages = metadata.packages.iter().map(|package| {
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        (package.name.to_string(), normal.map(|dependency| dependency.name.clone()).collect())
    });
    packages.collect()
}

#[test]
fn crates_import_only_in_the_directions_of_the_design() {
    let imports = imports();
    let members: BTreeSet<&str> = imports.keys().map(String::as_str).collect();
    for (name, named) in &imports {
        let (_, may) = MAY_IMPORT
            .iter()
            .find(|(known, _)| known == name)
            .unwrap_or_else(|| panic!("crate {name} is new: say here what it may import"));
        let wrong: Vec<_> = named
            .iter()
            .filter(|import| members.contains(import.as_str()) && !may.contains(&import.as_str()))
            .collect();
        assert!(wrong.is_empty(), "{name} may not import {wrong:?}");
    }
}

#[test]
fn each_way_out_of_the_process_has_one_crate() {
    let imports = imports();
    for (library, owner) in ONLY {
        assert!(imports[*owner].contains(*library), "{owner} does not name {library} any more: correct this list");
        let others: Vec<_> = imports.iter().filter(|(name, named)| name != owner && named.contains(*library)).collect();
        assert!(others.is_empty(), "only {owner} may name {library}, but so do {others:?}");
    }
}
