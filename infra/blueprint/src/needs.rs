//! What a call needs to be allowed, as IAM counts it: a transaction's parts, a statement's verb, a batch's tables.

use std::collections::BTreeSet;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

/// One action on one resource of the template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// For example `dynamodb:UpdateItem`; of a call that is not known, its own name.
    pub action: String,
    /// The name of the resource in the template, with what follows it.
    pub resource: String,
}

impl Need {
    fn new(action: String, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into() }
    }
}

/// What `request` needs.
pub(crate) fn of(request: &HttpRequest) -> BTreeSet<Need> {
    let body = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null);
    match request.headers().get("x-amz-target").and_then(|target| target.split_once('.')) {
        Some(("AmazonSQS", operation)) => BTreeSet::from([sqs(operation, &body)]),
        Some(("AmazonSSM", operation)) => BTreeSet::from([Need::new(format!("ssm:{operation}"), "Key")]),
        Some((_, operation)) => dynamodb(operation, &body),
        None if request.method() == "POST" && request.uri().contains("?delete") => deleted(request),
        None => BTreeSet::from([s3(request.method(), request.uri())]),
    }
}

fn dynamodb(operation: &str, body: &Value) -> BTreeSet<Need> {
    let need = |action: &str, table: &str| Need::new(format!("dynamodb:{action}"), table);
    match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(name, _)| need(operation, &table(name))).collect()
        }
        "TransactWriteItems" | "TransactGetItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let parts = items.flat_map(|item| item.as_object().into_iter().flatten());
            let part = |(kind, part): (&String, &Value)| {
                let action =
                    if kind == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{kind}Item") };
                need(&action, &table(part["TableName"].as_str().unwrap_or_default()))
            };
            parts.map(part).collect()
        }
        "BatchExecuteStatement" => {
            let statements = body["Statements"].as_array().into_iter().flatten();
            statements.map(|statement| partiql(statement["Statement"].as_str().unwrap_or_default())).collect()
        }
        "ExecuteStatement" => BTreeSet::from([partiql(body["Statement"].as_str().unwrap_or_default())]),
        _ => {
            let name = table(body["TableName"].as_str().unwrap_or_default());
            let index = body["IndexName"].as_str().map(|index| format!("/index/{index}")).unwrap_or_default();
            BTreeSet::from([need(operation, &format!("{name}{index}"))])
        }
    }
}

/// `UPDATE "feedmill-sources" SET …` needs `dynamodb:PartiQLUpdate` on that table.
fn partiql(statement: &str) -> Need {
    let verb = statement.split_whitespace().next().unwrap_or_default();
    let mut letters = verb.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let verb: String = first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect();
    let quoted = statement.split('"').nth(1).unwrap_or_default();
    Need::new(format!("dynamodb:PartiQL{verb}"), table(quoted))
}

fn sqs(operation: &str, body: &Value) -> Need {
    let url = body["QueueUrl"].as_str().unwrap_or_default();
    // A batch is allowed by the action of one.
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    Need::new(format!("sqs:{action}"), queue(url.rsplit('/').next().unwrap_or_default()))
}

fn s3(method: &str, uri: &str) -> Need {
    let after_host = uri.split_once("://").map_or(uri, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
    let path = after_host.split('?').next().unwrap_or_default();
    let key = path.trim_end_matches('/').split_once('/').map(|(_bucket, key)| key);
    let (action, resource) = match (method, key) {
        ("GET" | "HEAD", Some(key)) => ("GetObject", format!("Blobs/{key}")),
        ("PUT", Some(key)) => ("PutObject", format!("Blobs/{key}")),
        ("DELETE", Some(key)) => ("DeleteObject", format!("Blobs/{key}")),
        ("GET" | "HEAD", None) => ("ListBucket", "Blobs".to_owned()),
        (method, _) => (method, "Blobs".to_owned()),
    };
    Need::new(format!("s3:{action}"), resource)
}

/// Which objects it is about is in the body, as XML.
fn deleted(request: &HttpRequest) -> BTreeSet<Need> {
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split('<').next());
    keys.map(|key| Need::new("s3:DeleteObject".to_owned(), format!("Blobs/{key}"))).collect()
}

/// The name in the template of the table that tests and one machine call `feedmill-sources`.
fn table(name: &str) -> String {
    capital(name.rsplit('-').next().unwrap_or_default())
}

/// The same of a queue: `feedmill-fetch-slow` is `FetchSlow`.
fn queue(name: &str) -> String {
    name.split('-').filter(|word| *word != "feedmill").map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

    fn check(target: Option<&str>, method: &str, uri: &str, body: &str, expected: &[(&str, &str)]) {
        let mut request = HttpRequest::new(body.into());
        request.set_method(method).unwrap();
        request.set_uri(uri).unwrap();
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
        let needs: Vec<_> = of(&request).into_iter().map(|need| (need.action, need.resource)).collect();
        let needs: Vec<_> = needs.iter().map(|(action, on)| (action.as_str(), on.as_str())).collect();
        assert_eq!(needs, expected, "{target:?} {method} {uri} {body}");
    }

    #[test]
    fn a_call_needs_what_iam_asks_for_it() {
        let dynamodb = |operation: &str, body: &str, expected: &[(&str, &str)]| {
            check(Some(&format!("DynamoDB_20120810.{operation}")), "POST", "http://127.0.0.1/", body, expected);
        };
        dynamodb("GetItem", r#"{"TableName":"feedmill-posts"}"#, &[("dynamodb:GetItem", "Posts")]);
        let on_index = r#"{"TableName":"feedmill-sources","IndexName":"by_slot"}"#;
        dynamodb("Query", on_index, &[("dynamodb:Query", "Sources/index/by_slot")]);
        let batch = r#"{"RequestItems":{"feedmill-posts":[],"feedmill-sources":[]}}"#;
        dynamodb("BatchGetItem", batch, &[("dynamodb:BatchGetItem", "Posts"), ("dynamodb:BatchGetItem", "Sources")]);
        let transaction = r#"{"TransactItems":[{"Put":{"TableName":"feedmill-posts"}},
            {"ConditionCheck":{"TableName":"feedmill-sources"}},{"Update":{"TableName":"feedmill-sources"}}]}"#;
        let parts = [
            ("dynamodb:ConditionCheckItem", "Sources"),
            ("dynamodb:PutItem", "Posts"),
            ("dynamodb:UpdateItem", "Sources"),
        ];
        dynamodb("TransactWriteItems", transaction, &parts);
        let statements = r#"{"Statements":[{"Statement":"INSERT INTO \"feedmill-sources\" VALUE {}"},
            {"Statement":"UPDATE \"feedmill-sources\" SET a = 1"}]}"#;
        let verbs = [("dynamodb:PartiQLInsert", "Sources"), ("dynamodb:PartiQLUpdate", "Sources")];
        dynamodb("BatchExecuteStatement", statements, &verbs);
        let slow = r#"{"QueueUrl":"http://127.0.0.1/000000000000/feedmill-fetch-slow"}"#;
        let sent = [("sqs:SendMessage", "FetchSlow")];
        check(Some("AmazonSQS.SendMessageBatch"), "POST", "http://127.0.0.1/", slow, &sent);
        let put = [("s3:PutObject", "Blobs/content/ab/cd")];
        check(None, "PUT", "http://127.0.0.1:1/feedmill/content/ab/cd?x-id=PutObject", "", &put);
        check(None, "GET", "http://127.0.0.1:1/feedmill?list-type=2", "", &[("s3:ListBucket", "Blobs")]);
        let gone = [("s3:DeleteObject", "Blobs/content/a"), ("s3:DeleteObject", "Blobs/copies/b")];
        let body = "<Delete><Object><Key>copies/b</Key></Object><Object><Key>content/a</Key></Object></Delete>";
        check(None, "POST", "http://127.0.0.1:1/feedmill?delete", body, &gone);
    }
}
