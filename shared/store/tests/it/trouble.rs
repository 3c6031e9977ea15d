//! A rude store: throttles inside a 200, half-done batches, conflicts, refusals.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::carry::Hold;
use domain::failure::ErrorCode;
use domain::id::SourceId;
use domain::job::Ending;
use store::{Creating, Finish, Queued, StoreError, Swap};

use crate::world::{World, failed, noon_plus, unchanged};

const CANCELLED: &str = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";

#[tokio::test]
async fn statements_that_were_throttled_inside_a_200_are_sent_again_and_only_they() {
    let world = World::new().await;
    let (source, seen) = world.rested().await;
    let swap = |next| Swap { source, seen: seen.job, next };
    for code in [
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "InternalServerError",
        "TransactionConflict",
    ] {
        world.say(200, format!(r#"{{"Responses":[{{"Error":{{"Code":"{code}","Message":"later"}}}}]}}"#));
    }
    let swaps = [swap(world.next(&seen, true, noon_plus(60)))];
    assert!(matches!(world.store.queue(&swaps).await[0], Queued::Queued));

    // Of two, the first is done (so the answer says) and must not be sent again.
    let (other, pointer) = world.source().await;
    let done = format!(r#"{{"TableName":"{}"}}"#, world.tables.sources);
    let busy = r#"{"Error":{"Code":"ThrottlingError","Message":"later"}}"#;
    world.say(200, format!(r#"{{"Responses":[{done},{busy}]}}"#));
    let ends = [unchanged(source, &swaps[0].next), unchanged(other, &pointer)];
    let outcomes = world.store.finish(&ends).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Finish::Done)), "{outcomes:?}");
    assert_eq!(world.store.finished(source, ends[0].job).await.unwrap(), None);
    assert_eq!(world.store.finished(other, ends[1].job).await.unwrap().as_ref(), Some(&ends[1]));
}

#[tokio::test]
async fn a_statement_that_is_not_permitted_is_not_tried_again() {
    let world = World::new().await;
    let (source, pointer) = world.source().await;
    world.say(200, r#"{"Responses":[{"Error":{"Code":"AccessDenied","Message":"no"}}]}"#);
    let outcome = world.store.finish(&[unchanged(source, &pointer)]).await.remove(0);
    assert!(matches!(outcome, Finish::Unknown(StoreError::NotPermitted { .. })), "{outcome:?}");
}

#[tokio::test]
async fn keys_and_items_that_were_left_out_of_a_batch_are_asked_for_again() {
    let world = World::new().await;
    let (source, pointer) = world.source().await;
    let key = format!(r#"{{"pk":{{"S":"S#{source}"}},"sk":{{"S":"J~"}}}}"#);
    let table = &world.tables.sources;
    world.say(200, format!(r#"{{"Responses":{{}},"UnprocessedKeys":{{"{table}":{{"Keys":[{key}]}}}}}}"#));
    let looks = world.store.looks(&[source]).await.unwrap();
    assert_eq!(looks[&source].pointer, pointer);

    let minute = pointer.tick.plus(9);
    let item = format!(r#"{{"pk":{{"S":"DUE#0#{}"}},"sk":{{"S":"{source}"}},"v":{{"N":"1"}}}}"#, minute.0);
    world.say(200, format!(r#"{{"UnprocessedItems":{{"{table}":[{{"PutRequest":{{"Item":{item}}}}}]}}}}"#));
    world.store.put_due(0, &[(minute, source)]).await.unwrap();
    assert_eq!(world.store.due(0, minute).await.unwrap(), [source]);
}

#[tokio::test]
async fn a_transaction_in_conflict_is_tried_again() {
    let world = World::new().await;
    for code in ["TransactionConflict", "ThrottlingError"] {
        let reasons = format!(r#"[{{"Code":"None"}},{{"Code":"{code}","Message":"busy"}}]"#);
        world.say(400, format!(r#"{{"__type":"{CANCELLED}","CancellationReasons":{reasons}}}"#));
    }
    assert_eq!(world.store.create(&world.draft()).await.unwrap(), Creating::Created);
}

#[tokio::test]
async fn what_went_wrong_says_whether_to_come_again() {
    let world = World::new().await;
    let source = world.draft().head.source;
    let missing = format!("the table {}", world.tables.sources);
    let cases = [
        (400, "AccessDeniedException", "store does not permit", false),
        (400, "UnrecognizedClientException", "store does not permit", false),
        (400, "ResourceNotFoundException", missing.as_str(), true),
        (400, "RequestExpired", "did not answer", true),
        (400, "ValidationException", "refused the request", false),
        (400, "ProvisionedThroughputExceededException", "out of capacity", true),
        (400, "ThrottlingException", "out of capacity", true),
        (500, "InternalServerError", "did not answer", true),
    ];
    for (status, code, text, again) in cases {
        for _ in 0..3 {
            world.say(status, format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"x"}}"#));
        }
        let error = world.store.head(source).await.unwrap_err();
        assert!(error.to_string().contains(text), "{code}: {error}");
        assert_eq!(error.is_retryable(), again, "{code}");
        world.hush();
    }
    // Whatever its code, a 5xx is no answer.
    for _ in 0..3 {
        world.say(503, "<html>busy</html>");
    }
    assert!(world.store.head(source).await.unwrap_err().is_retryable());
}

/// Writes over attribute `name` of the item `sk` of `source`.
async fn spoil(world: &World, source: SourceId, sk: &str, name: &str, value: &str) {
    let update = world.client.update_item().table_name(&world.tables.sources);
    let update = update.key("pk", AttributeValue::S(format!("S#{source}"))).key("sk", AttributeValue::S(sk.to_owned()));
    let update = update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
    update.expression_attribute_values(":value", AttributeValue::S(value.to_owned())).send().await.unwrap();
}

#[tokio::test]
async fn one_item_that_cannot_be_read_stops_nobody_else() {
    let world = World::new().await;
    let ((good, pointer), (bad, spoilt), (ended, _)) =
        (world.rested().await, world.rested().await, world.rested().await);
    let all = [bad, good, ended];
    let slot = world.store.poll(good).await.unwrap().unwrap().target.slot;
    let due = pointer.tick.plus(9);
    world.store.put_due(0, &[(due, good)]).await.unwrap();
    let odd = world.client.put_item().table_name(&world.tables.sources);
    let odd =
        odd.item("pk", AttributeValue::S(format!("DUE#0#{}", due.0))).item("v", AttributeValue::N("1".to_owned()));
    odd.item("sk", AttributeValue::S("?".to_owned())).send().await.unwrap();
    for (sk, name) in [("HEAD", "state"), ("POLL", "lane"), ("J~", "reason")] {
        spoil(&world, bad, sk, name, "?").await;
    }
    let end = world.pointer(ended).await.job;
    spoil(&world, ended, &format!("J#{end}"), "carry", "?").await;

    let looks = world.store.looks(&all).await.unwrap();
    assert_eq!(looks.keys().collect::<Vec<_>>(), [&good], "one that ended must not look abandoned");
    assert!(looks[&good].finished.is_some());
    let named = |targets: Vec<domain::source::Target>| -> Vec<_> { targets.iter().map(|t| t.source).collect() };
    assert!(named(world.store.slot(slot).await.unwrap()).contains(&good));
    let targets = named(world.store.targets(&all).await.unwrap());
    assert!(targets.contains(&good) && targets.contains(&ended) && !targets.contains(&bad), "{targets:?}");
    assert_eq!(world.store.due(0, due).await.unwrap(), [good]);
    let heads = world.store.heads(&all).await.unwrap();
    assert_eq!(heads.iter().map(|head| head.source).collect::<Vec<_>>(), [good, ended]);

    // Who asks for one of them is told.
    assert!(world.store.head(bad).await.unwrap_err().is_unreadable());
    assert!(world.store.look_strongly(bad, spoilt.job).await.unwrap_err().is_unreadable());
    assert!(world.store.finished(ended, end).await.unwrap_err().is_unreadable());
}

#[tokio::test]
async fn words_of_newer_code_are_read_as_the_nearest_that_there_is() {
    let world = World::new().await;
    let (source, pointer) = world.source().await;
    let end = failed(source, &pointer, ErrorCode::Dns);
    assert!(matches!(world.store.finish(std::slice::from_ref(&end)).await[..], [Finish::Done]));
    let sk = format!("J#{}", pointer.job);
    spoil(&world, source, &sk, "error", "a_later_code").await;
    spoil(&world, source, &sk, "carry", r#"{"not_before":{"at":1769864400000,"why":"a_later_hold"}}"#).await;
    let read = world.store.finished(source, pointer.job).await.unwrap().unwrap();
    let (Ending::Failed(read_as), Ending::Failed(failure)) = (&read.ending, &end.ending) else { panic!("{read:?}") };
    assert_eq!((read_as.code, &read_as.message), (ErrorCode::ClientError, &failure.message));
    let hold = read.carry.not_before.unwrap();
    assert_eq!((hold.at, hold.why), (noon_plus(3_600), Hold::Backoff));
}
