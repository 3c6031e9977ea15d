//! What a store leans on, as dynoxide does it: outcomes one by one, the item that stood in the way, the bill.

use crate::clients::{self, START_MS};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BatchStatementErrorCodeEnum as Code, BatchStatementRequest, BillingMode,
    ConsumedCapacity, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, Put,
    ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, ScalarAttributeType, TimeToLiveSpecification,
    TransactWriteItem,
};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

/// Table `things`, keyed by `pk` and `sk`, with the keys-only index `by_slot`.
async fn make_table(client: &Client) {
    let column = |table: CreateTableFluentBuilder, name: &str| {
        let column = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        table.attribute_definitions(column.build().unwrap())
    };
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let index = GlobalSecondaryIndex::builder().index_name("by_slot").projection(keys_only);
    let table = client.create_table().table_name("things").billing_mode(BillingMode::PayPerRequest);
    let table = ["pk", "sk", "slot"].into_iter().fold(table, column);
    let table = table.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
    let table = table.global_secondary_indexes(index.key_schema(key("slot", KeyType::Hash)).build().unwrap());
    table.send().await.unwrap();
}

/// The one table's units: all, of the table, of the index.
fn units(capacity: Option<Vec<ConsumedCapacity>>) -> Option<(f64, Option<f64>, Option<f64>)> {
    let capacity = capacity?;
    assert_eq!(capacity.len(), 1, "one entry a table");
    let of_table = capacity[0].table.as_ref().and_then(|table| table.capacity_units);
    let of_index = capacity[0].global_secondary_indexes.as_ref().map(|all| all["by_slot"].capacity_units.unwrap());
    Some((capacity[0].capacity_units.unwrap(), of_table, of_index))
}

/// Runs statements together; gives code and `job` of the item for each, and the units.
async fn run(
    client: &Client,
    detail: ReturnConsumedCapacity,
    statements: &[(&str, &[&str])],
) -> (Vec<Option<(Code, Option<String>)>>, Option<(f64, Option<f64>, Option<f64>)>) {
    let statements = statements.iter().map(|(statement, parameters)| {
        BatchStatementRequest::builder()
            .statement(*statement)
            .set_parameters(Some(parameters.iter().map(|parameter| text(parameter)).collect()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .unwrap()
    });
    let request = client.batch_execute_statement().set_statements(Some(statements.collect()));
    let answer = request.return_consumed_capacity(detail).send().await.unwrap();
    let outcomes = answer.responses.unwrap().into_iter().map(|response| {
        let error = response.error?;
        let job = error.item.map(|item| item["job"].as_s().unwrap().clone());
        Some((error.code.unwrap(), job))
    });
    (outcomes.collect(), units(answer.consumed_capacity))
}

const INSERT: &str = r#"INSERT INTO "things" VALUE {'pk': ?, 'sk': ?, 'slot': ?, 'job': ?}"#;
const SWAP: &str = r#"UPDATE "things" SET job=? WHERE pk=? AND sk=? AND job=? AND closed IS MISSING"#;

#[tokio::test]
async fn statements_of_a_batch_succeed_or_fail_one_by_one_and_show_what_stood_in_the_way() {
    let (emulator, _) = clients::in_memory().await;
    let client = clients::dynamodb(emulator.endpoints());
    make_table(&client).await;
    let total = ReturnConsumedCapacity::Total;

    let two: [(&str, &[&str]); 2] = [(INSERT, &["a", "J~", "7", "1"]), (INSERT, &["b", "J~", "7", "1"])];
    // One for each item, one for each entry of the index.
    assert_eq!(run(&client, total.clone(), &two).await, (vec![None, None], Some((4.0, None, None))));
    let duplicates = [(INSERT, &["a", "J~", "7", "2"] as &[&str]), (INSERT, &["c", "J~", "7", "1"])];
    let expected = (vec![Some((Code::DuplicateItem, None)), None], Some((3.0, Some(1.0), Some(1.0))));
    assert_eq!(run(&client, ReturnConsumedCapacity::Indexes, &duplicates).await, expected, "a refusal costs one unit");

    let swaps: [(&str, &[&str]); 3] =
        [(SWAP, &["2", "a", "J~", "1"]), (SWAP, &["2", "b", "J~", "0"]), (SWAP, &["2", "nobody", "J~", "1"])];
    let lost = Some((Code::ConditionalCheckFailed, Some("1".to_owned())));
    let absent = Some((Code::ConditionalCheckFailed, None));
    let expected = (vec![None, lost, absent], Some((3.0, None, None)));
    assert_eq!(run(&client, total.clone(), &swaps).await, expected, "the index does not hold the job");
    let get = client.get_item().table_name("things").key("pk", text("nobody")).key("sk", text("J~"));
    assert!(get.send().await.unwrap().item.is_none(), "a swap never creates");

    let close: [(&str, &[&str]); 1] =
        [(r#"UPDATE "things" SET closed=? SET "state"=? WHERE pk=? AND sk=?"#, &["yes", "gone", "a", "J~"])];
    assert_eq!(run(&client, total.clone(), &close).await.0, [None]);
    let late: [(&str, &[&str]); 1] = [(SWAP, &["3", "a", "J~", "2"])];
    let expected = (vec![Some((Code::ConditionalCheckFailed, Some("2".to_owned())))], None);
    assert_eq!(run(&client, total, &late).await, expected, "no bill is shown when all are refused");
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_transaction_happens_as_a_whole_or_tells_for_each_item_why_not() {
    let (emulator, _) = clients::in_memory().await;
    let client = clients::dynamodb(emulator.endpoints());
    make_table(&client).await;
    let put = |pk: &str, job: &str| {
        let put = Put::builder().table_name("things").item("pk", text(pk)).item("sk", text("J~"));
        let put = put.item("slot", text("7")).item("job", text(job)).condition_expression("attribute_not_exists(pk)");
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let write = |a: TransactWriteItem, b: TransactWriteItem| {
        let both = client.transact_write_items().transact_items(a).transact_items(b);
        both.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send()
    };
    let done = write(put("a", "1"), put("b", "1")).await.unwrap();
    assert_eq!(units(done.consumed_capacity), Some((6.0, Some(4.0), Some(2.0))), "twice for items, once for the index");

    let refused = write(put("c", "1"), put("b", "2")).await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = refused
    else {
        panic!("{refused:?}")
    };
    let reasons = cancelled.cancellation_reasons.unwrap();
    assert_eq!(reasons[0].code.as_deref(), Some("None"));
    assert_eq!(reasons[1].code.as_deref(), Some("ConditionalCheckFailed"));
    assert_eq!(reasons[1].item.as_ref().unwrap()["job"], text("1"));
    let get = client.get_item().table_name("things").key("pk", text("c")).key("sk", text("J~"));
    assert!(get.send().await.unwrap().item.is_none());
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_transaction_that_comes_again_is_answered_and_not_done_again() {
    let (emulator, _) = clients::in_memory().await;
    let client = clients::dynamodb(emulator.endpoints());
    make_table(&client).await;
    let write = |job: &str, token: &str| {
        let put =
            Put::builder().table_name("things").item("pk", text("a")).item("sk", text("J~")).item("job", text(job));
        let write = TransactWriteItem::builder().put(put.build().unwrap()).build();
        client.transact_write_items().transact_items(write).client_request_token(token)
    };
    let job = || async {
        let get = client.get_item().table_name("things").key("pk", text("a")).key("sk", text("J~"));
        get.send().await.unwrap().item.unwrap()["job"].as_s().unwrap().clone()
    };
    let first = write("1", "first");
    first.clone().send().await.unwrap();
    write("2", "second").send().await.unwrap();
    first.clone().send().await.unwrap();
    assert_eq!(job().await, "2", "the first one was done before");
    let refused = write("3", "first").send().await.unwrap_err().into_service_error();
    assert!(refused.is_idempotent_parameter_mismatch_exception(), "{refused:?}");
    let refused = write("3", &"t".repeat(37)).send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("ValidationException"), "{refused:?}");
    assert_eq!(job().await, "2");
    emulator.shutdown().await;
}

#[tokio::test]
async fn an_item_goes_with_the_first_sweep_after_its_time() {
    let (emulator, clock) = clients::in_memory().await;
    let client = clients::dynamodb(emulator.endpoints());
    make_table(&client).await;
    let by_ttl = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build().unwrap();
    client.update_time_to_live().table_name("things").time_to_live_specification(by_ttl).send().await.unwrap();
    let put = client.put_item().table_name("things").item("pk", text("a")).item("sk", text("b"));
    put.item("ttl", AttributeValue::N((START_MS / 1_000 + 10).to_string())).send().await.unwrap();
    clock.pass_seconds(10);
    assert_eq!(emulator.sweep_ttl(), Ok(0));
    clock.pass_seconds(1);
    assert_eq!(emulator.sweep_ttl(), Ok(1));
    assert_eq!(emulator.sweep_ttl(), Ok(0));
    emulator.shutdown().await;
}
