//! Tables, their indexes, and that they are kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{Column, ColumnType, Index, POSTS_TABLE, Projected, READERS_TABLE, SOURCES_TABLE, TTL, TableShape};

use super::{names, template};

const TABLES: [(&str, TableShape); 3] =
    [("Posts", POSTS_TABLE), ("Readers", READERS_TABLE), ("Sources", SOURCES_TABLE)];

fn key_schema(partition: Column, sort: Option<Column>) -> Value {
    let keys = [Some((partition, "HASH")), sort.map(|sort| (sort, "RANGE"))];
    let element = |(column, kind): (Column, &str)| json!({ "AttributeName": column.name, "KeyType": kind });
    keys.into_iter().flatten().map(element).collect()
}

fn index(index: Index) -> Value {
    let projection = match index.projected {
        Projected::Keys => json!({ "ProjectionType": "KEYS_ONLY" }),
        Projected::Include(names) => json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": names }),
    };
    json!([{ "IndexName": index.name, "KeySchema": key_schema(index.partition, Some(index.sort)), "Projection": projection }])
}

/// Name → type, of all key attributes.
fn columns(shape: TableShape) -> BTreeMap<String, String> {
    let columns = [Some(shape.partition), shape.sort, Some(shape.index.partition), Some(shape.index.sort)];
    let holds = |holds| match holds {
        ColumnType::Text => "S".to_owned(),
        ColumnType::Number => "N".to_owned(),
    };
    columns.into_iter().flatten().map(|column| (column.name.to_owned(), holds(column.holds))).collect()
}

fn defined(table: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = table["AttributeDefinitions"].as_array().unwrap().iter();
    all.map(|column| (text(&column["AttributeName"]), text(&column["AttributeType"]))).collect()
}

#[test]
fn tables_and_indexes_are_those_of_the_code_and_no_others() {
    let template = template();
    assert_eq!(names(template.resources("AWS::DynamoDB::Table")), TABLES.map(|(name, _)| name));
    for (name, shape) in TABLES {
        let table = template.properties(name);
        assert_eq!(table["KeySchema"], key_schema(shape.partition, shape.sort), "{name}");
        assert_eq!(defined(table), columns(shape), "{name}");
        let mut indexes = table["GlobalSecondaryIndexes"].clone();
        for index in indexes.as_array_mut().unwrap() {
            // What it costs is the owner's choice.
            index.as_object_mut().unwrap().remove("ProvisionedThroughput");
        }
        assert_eq!(indexes, index(shape.index), "{name}");
        assert_eq!(table["TimeToLiveSpecification"], json!({ "AttributeName": TTL, "Enabled": true }), "{name}");
    }
}

#[test]
fn what_people_made_outlives_the_stack_and_its_mistakes() {
    let template = template();
    let tables = template.resources("AWS::DynamoDB::Table");
    let buckets = template.resources("AWS::S3::Bucket");
    assert_eq!(buckets.len(), 1);
    for (name, resource) in tables.into_iter().chain(buckets) {
        assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
    }
    let readers = template.properties("Readers");
    assert_eq!(readers["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(readers["DeletionProtectionEnabled"], true);
}

#[test]
fn what_is_deleted_of_the_bucket_can_be_brought_back_for_as_long_as_a_table_can() {
    let template = template();
    let bucket = template.properties("Blobs");
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    let rules = bucket["LifecycleConfiguration"]["Rules"].as_array().unwrap();
    let days = rules.iter().find_map(|rule| rule["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64());
    // Point-in-time recovery goes back 35 days.
    assert_eq!(days, Some(36));
}

#[test]
fn the_bucket_is_private_and_over_tls_only() {
    let template = template();
    let access = &template.properties("Blobs")["PublicAccessBlockConfiguration"];
    for what in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        assert_eq!(access[what], true, "{what}");
    }
    let policy = &template.properties("BlobsPolicy")["PolicyDocument"]["Statement"][0];
    assert_eq!(policy["Effect"], "Deny");
    assert_eq!(policy["Principal"], "*");
    assert_eq!(policy["Condition"]["Bool"]["aws:SecureTransport"], "false");
}
