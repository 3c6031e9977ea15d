//! `infra/samconfig.toml`: profiles whose values the template takes, and whose smallest one costs nothing to hold ready.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{number, template};

/// DynamoDB units that are always free, of writes and of reads.
const FREE_UNITS: u64 = 25;

/// Profile → parameter → value: the lines `"Name=Value",` under `[PROFILE.deploy.parameters]`.
fn profiles() -> BTreeMap<String, BTreeMap<String, String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samconfig.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let mut profiles: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut profile = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(".deploy.parameters]")) {
            profile = section.to_owned();
        } else if let Some((name, value)) =
            line.strip_prefix('"').and_then(|line| line.trim_end_matches(',').split_once('='))
        {
            profiles
                .entry(profile.clone())
                .or_default()
                .insert(name.to_owned(), value.trim_end_matches('"').to_owned());
        }
    }
    profiles
}

#[test]
fn a_profile_names_parameters_that_exist_with_values_that_they_take() {
    let template = template();
    let profiles = profiles();
    assert_eq!(profiles.keys().collect::<Vec<_>>(), ["community", "free", "large"]);
    for (profile, values) in profiles {
        for (name, value) in values {
            let parameter = &template.whole()["Parameters"][&name];
            assert!(parameter.is_object(), "{profile}: {name}");
            let allowed = parameter["AllowedValues"].as_array();
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert!(allowed.is_none_or(|allowed| allowed.iter().any(|one| text(one) == value)), "{profile}: {name}");
            if parameter["MinValue"].is_number() {
                let bounds = number(&parameter["MinValue"])..=number(&parameter["MaxValue"]);
                assert!(bounds.contains(&value.parse().unwrap()), "{profile}: {name}");
            }
        }
    }
}

#[test]
fn the_free_profile_keeps_within_the_units_that_are_free() {
    let profiles = profiles();
    let free = &profiles["free"];
    assert_eq!(free["Capacity"], "provisioned");
    for units in ["WriteUnits", "ReadUnits"] {
        let units: Vec<u64> = free[units].split(',').map(|unit| unit.parse().unwrap()).collect();
        assert_eq!(units.len(), 6, "three tables, an index each");
        assert_eq!(units.iter().sum::<u64>(), FREE_UNITS);
    }
}

#[test]
fn alarms_are_no_more_than_cost_nothing() {
    assert!(template().resources("AWS::CloudWatch::Alarm").len() <= 10);
}
