//! Each fault as the real SDK meets it.

use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementRequest, KeysAndAttributes, Put, PutRequest, TransactWriteItem, WriteRequest,
};
use aws_sdk_s3::Client as S3;
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use boot::aws::{Aws, Service};
use faults::{CrashPoint, Fault, Faults, Plan, Script, Stop};
use store::{SOURCES_TABLE, Store, Tables};

use crate::world::{Clock, emulator};

const TABLE: &str = "feedmill-sources";

/// An emulator behind a fault layer, and clients that try once.
struct Bench {
    faults: Faults,
    aws: Aws,
    dynamodb: DynamoDb,
    sqs: Sqs,
    s3: S3,
    queue: String,
    _emulator: emulator::Emulator,
}

impl Bench {
    async fn new() -> Self {
        let emulator = emulator(&Clock::new()).await;
        let ends = emulator.endpoints().clone();
        let plain = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        Store::new(&plain.config(Service::DynamoDb), Tables::default()).create_tables().await.unwrap();
        blob::Bucket::new(&plain.config(Service::S3), "feedmill").create().await.unwrap();
        let faults = Faults::seeded(1);
        let aws = plain.through(|client| faults.wrap(client));
        let once = RetryConfig::disabled();
        let dynamodb =
            aws_sdk_dynamodb::config::Builder::from(&aws.config(Service::DynamoDb)).retry_config(once.clone());
        let sqs = aws_sdk_sqs::config::Builder::from(&aws.config(Service::Sqs)).retry_config(once.clone());
        let s3 = aws_sdk_s3::config::Builder::from(&aws.config(Service::S3)).retry_config(once).force_path_style(true);
        Self {
            faults,
            aws,
            dynamodb: DynamoDb::from_conf(dynamodb.build()),
            sqs: Sqs::from_conf(sqs.build()),
            s3: S3::from_conf(s3.build()),
            queue: format!("{}/{}/tasks", ends.sqs, ::emulator::ACCOUNT),
            _emulator: emulator,
        }
    }

    /// The next call meets `fault`.
    fn next(&self, fault: Fault) {
        self.faults.follow_script(Script::new().at(1, fault));
    }

    async fn put(&self, name: &str) -> Result<(), SdkError<aws_sdk_dynamodb::operation::put_item::PutItemError>> {
        let put = self.dynamodb.put_item().table_name(TABLE).set_item(Some(item(name)));
        put.send().await.map(drop)
    }

    async fn has(&self, name: &str) -> bool {
        let get = self.dynamodb.get_item().table_name(TABLE).set_key(Some(key(name)));
        get.send().await.unwrap().item.is_some()
    }

    async fn in_slot(&self) -> i32 {
        let query = self.dynamodb.query().table_name(TABLE).index_name(SOURCES_TABLE.index.name);
        let query = query.key_condition_expression("#slot = :slot").expression_attribute_names("#slot", "slot");
        query.expression_attribute_values(":slot", text("here")).send().await.unwrap().count
    }

    async fn waiting(&self) -> String {
        use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages as Count;
        let ask = self.sqs.get_queue_attributes().queue_url(&self.queue).attribute_names(Count);
        ask.send().await.unwrap().attributes.unwrap()[&Count].clone()
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key(name: &str) -> std::collections::HashMap<String, AttributeValue> {
    [("pk".to_owned(), text(name)), ("sk".to_owned(), text("-"))].into()
}

fn item(name: &str) -> std::collections::HashMap<String, AttributeValue> {
    let mut item = key(name);
    item.extend([("slot".to_owned(), text("here")), ("source".to_owned(), text(name))]);
    item
}

#[tokio::test]
async fn dynamodb_refuses_and_fails_in_its_own_words_and_does_nothing() {
    let bench = Bench::new().await;
    for (fault, code) in [
        (Fault::Throttled, "ProvisionedThroughputExceededException"),
        (Fault::Conflict, "TransactionConflictException"),
        (Fault::ServerError, "InternalServerError"),
    ] {
        bench.next(fault);
        assert_eq!(bench.put("a").await.unwrap_err().code(), Some(code), "{fault:?}");
        assert!(!bench.has("a").await, "{fault:?}");
    }
}

#[tokio::test]
async fn a_transaction_in_conflict_names_the_action_in_the_way() {
    let bench = Bench::new().await;
    let put = |name| {
        let put = Put::builder().table_name(TABLE).set_item(Some(item(name))).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    bench.next(Fault::Conflict);
    let transaction = bench.dynamodb.transact_write_items().set_transact_items(Some(vec![put("a"), put("b")]));
    let error = transaction.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(error) =
        error
    else {
        panic!("{error:?}");
    };
    let codes: Vec<_> = error.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    assert!(!bench.has("a").await);
}

#[tokio::test]
async fn without_a_connection_nothing_is_done_and_with_a_lost_answer_everything_is() {
    let bench = Bench::new().await;
    for (fault, done) in [(Fault::Unreachable, false), (Fault::AnswerLost, true)] {
        bench.next(fault);
        let error = bench.put("a").await.unwrap_err();
        assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
        assert_eq!(bench.has("a").await, done, "{fault:?}");
    }
}

#[tokio::test]
async fn a_client_that_tries_again_gets_through() {
    let bench = Bench::new().await;
    let patient = DynamoDb::new(&bench.aws.config(Service::DynamoDb));
    bench.faults.follow_script(Script::new().on("PutItem", 1, Fault::Throttled).on("PutItem", 2, Fault::AnswerLost));
    patient.put_item().table_name(TABLE).set_item(Some(item("a"))).send().await.unwrap();
    let faults: Vec<_> = bench.faults.seen().into_iter().map(|seen| seen.fault).collect();
    assert_eq!(faults, [Some(Fault::Throttled), Some(Fault::AnswerLost), None]);
}

#[tokio::test]
async fn part_of_a_batch_of_writes_comes_back_undone() {
    let bench = Bench::new().await;
    let names: Vec<String> = (0..10).map(|n| format!("w{n}")).collect();
    let write = |name: &String| {
        let put = PutRequest::builder().set_item(Some(item(name))).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    bench.next(Fault::Partial);
    let batch = bench.dynamodb.batch_write_item().request_items(TABLE, names.iter().map(write).collect());
    let rest = batch.send().await.unwrap().unprocessed_items.unwrap();
    let undone: Vec<&str> =
        rest[TABLE].iter().map(|write| write.put_request().unwrap().item()["pk"].as_s().unwrap().as_str()).collect();
    assert!((1..10).contains(&undone.len()), "{undone:?}");
    for name in &names {
        assert_eq!(bench.has(name).await, !undone.contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn part_of_a_batch_of_reads_comes_back_unread() {
    let bench = Bench::new().await;
    let names: Vec<String> = (0..10).map(|n| format!("r{n}")).collect();
    for name in &names {
        bench.put(name).await.unwrap();
    }
    let keys = names.iter().map(|name| key(name)).collect();
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap();
    bench.next(Fault::Partial);
    let answer = bench.dynamodb.batch_get_item().request_items(TABLE, keys).send().await.unwrap();
    let read = answer.responses.unwrap()[TABLE].len();
    let unread = answer.unprocessed_keys.unwrap()[TABLE].keys().len();
    assert!(unread > 0 && read + unread == 10, "{read} read, {unread} unread");
}

#[tokio::test]
async fn statements_of_a_batch_are_refused_each_in_its_place() {
    let bench = Bench::new().await;
    for (fault, code) in [(Fault::Partial, "ThrottlingError"), (Fault::Conflict, "TransactionConflict")] {
        let names: Vec<String> = (0..8).map(|n| format!("{code}{n}")).collect();
        let insert = |name: &String| {
            let statement = BatchStatementRequest::builder()
                .statement(format!("INSERT INTO \"{TABLE}\" VALUE {{'pk': ?, 'sk': ?}}"));
            statement.parameters(text(name)).parameters(text("-")).build().unwrap()
        };
        bench.next(fault);
        let batch = bench.dynamodb.batch_execute_statement().set_statements(Some(names.iter().map(insert).collect()));
        let responses = batch.send().await.unwrap().responses.unwrap();
        assert_eq!(responses.len(), names.len());
        let refused = responses.iter().filter(|response| response.error.is_some()).count();
        assert!(refused > 0, "{fault:?}");
        for (name, response) in names.iter().zip(responses) {
            let said = response.error.and_then(|error| error.code).map(|code| code.as_str().to_owned());
            let expected = if bench.has(name).await { None } else { Some(code.to_owned()) };
            assert_eq!(said, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn part_of_a_batch_of_messages_is_not_queued() {
    let bench = Bench::new().await;
    let entry =
        |n: usize| SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body("hello").build().unwrap();
    bench.next(Fault::Partial);
    let batch = bench.sqs.send_message_batch().queue_url(&bench.queue).set_entries(Some((0..10).map(entry).collect()));
    let answer = batch.send().await.unwrap();
    let (queued, failed) = (answer.successful().len(), answer.failed().len());
    assert!(failed > 0 && queued + failed == 10, "{queued} queued, {failed} failed");
    assert_eq!(bench.waiting().await, queued.to_string());
}

#[tokio::test]
async fn a_lagging_index_says_what_it_said_before() {
    let bench = Bench::new().await;
    bench.put("a").await.unwrap();
    assert_eq!(bench.in_slot().await, 1);
    bench.put("b").await.unwrap();
    bench.next(Fault::Lagging);
    assert_eq!(bench.in_slot().await, 1, "not yet");
    assert_eq!(bench.in_slot().await, 2, "by and by");
}

#[tokio::test]
async fn sqs_and_s3_fail_in_their_own_words_too() {
    let bench = Bench::new().await;
    for (fault, sqs, s3) in
        [(Fault::Throttled, "RequestThrottled", "SlowDown"), (Fault::ServerError, "InternalFailure", "InternalError")]
    {
        bench.next(fault);
        let sent = bench.sqs.send_message().queue_url(&bench.queue).message_body("hello").send().await;
        assert_eq!(sent.unwrap_err().code(), Some(sqs));
        bench.next(fault);
        let put = bench.s3.put_object().bucket("feedmill").key("a/b").body(b"hello".to_vec().into()).send().await;
        assert_eq!(put.unwrap_err().code(), Some(s3));
    }
    assert_eq!(bench.waiting().await, "0");
    bench.next(Fault::AnswerLost);
    let put = bench.s3.put_object().bucket("feedmill").key("a/b").body(b"hello".to_vec().into()).send().await;
    assert!(matches!(put.unwrap_err(), SdkError::DispatchFailure(_)));
    bench.s3.head_object().bucket("feedmill").key("a/b").send().await.unwrap();
}

#[tokio::test]
async fn of_calls_that_time_out_some_are_done_and_nobody_can_tell_which() {
    let bench = Bench::new().await;
    bench.faults.follow(Plan::CALM.with(Fault::TimedOut, 1_000));
    for n in 0..40 {
        let error = bench.put(&n.to_string()).await.unwrap_err();
        assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_timeout()), "{error:?}");
    }
    bench.faults.rest();
    let mut done = 0;
    for n in 0..40 {
        done += u64::from(bench.has(&n.to_string()).await);
    }
    assert!((5..35).contains(&done), "{done}");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_day() {
    let day = async |seed| {
        let bench = Bench::new().await;
        let faults = Faults::seeded(seed);
        let aws = bench.aws.through(|client| faults.wrap(client));
        faults.follow(Plan::bad_day());
        let client = DynamoDb::new(&aws.config(Service::DynamoDb));
        for n in 0..40 {
            let put = client.put_item().table_name(TABLE).set_item(Some(item(&n.to_string())));
            drop(put.send().await);
        }
        faults.seen().into_iter().map(|seen| seen.fault).collect::<Vec<_>>()
    };
    let first = day(3).await;
    assert!(first.iter().any(Option::is_some));
    assert_eq!(first, day(3).await);
    assert_ne!(first, day(4).await);
}

#[tokio::test]
async fn a_process_stops_before_a_call_or_when_its_answer_has_come() {
    let bench = Bench::new().await;
    for (stop, first, second) in [
        (Stop::Never, true, true),
        (Stop::Before(1), false, false),
        (Stop::After(1), true, false),
        (Stop::Before(2), true, false),
        (Stop::AfterNth { operation: "PutItem", nth: 1 }, true, false),
    ] {
        let crash = CrashPoint::new(stop);
        let client = DynamoDb::new(&bench.aws.through(|client| crash.wrap(client)).config(Service::DynamoDb));
        let names = [format!("{stop:?} 1"), format!("{stop:?} 2")];
        let process = async {
            for name in &names {
                client.put_item().table_name(TABLE).set_item(Some(item(name))).send().await.unwrap();
            }
        };
        assert_eq!(crash.run(process).await.is_some(), stop == Stop::Never, "{stop:?}");
        assert_eq!([bench.has(&names[0]).await, bench.has(&names[1]).await], [first, second], "{stop:?}");
        assert!(crash.calls().iter().all(|call| call.operation == "PutItem"));
    }
}
