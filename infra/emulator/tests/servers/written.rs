//! Writes are told, whoever makes them and whatever comes of them; reads are not.

use crate::clients;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BatchStatementRequest, BillingMode, Delete, DeleteRequest, KeySchemaElement,
    KeyType, Put, PutRequest, ScalarAttributeType, TransactWriteItem, Update, WriteRequest,
};
use emulator::{Emulator, Listener, Written};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

type Item = HashMap<String, AttributeValue>;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key(pk: &str, sk: &str) -> Item {
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

fn item(pk: &str, sk: &str) -> Item {
    let mut item = key(pk, sk);
    item.insert("what".to_owned(), text("else"));
    item
}

async fn make_table(client: &Client) {
    let table = client.create_table().table_name("things").billing_mode(BillingMode::PayPerRequest);
    let part = |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let defined = |name: &str| {
        let kind = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        kind.build().unwrap()
    };
    let table = table.key_schema(part("pk", KeyType::Hash).unwrap()).key_schema(part("sk", KeyType::Range).unwrap());
    table.attribute_definitions(defined("pk")).attribute_definitions(defined("sk")).send().await.unwrap();
}

/// What was told since the last look.
struct Ear(Arc<Mutex<Vec<Written>>>);

impl Ear {
    fn at(emulator: &Emulator) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        let told = Box::new(move |written| told.lock().unwrap().push(written));
        assert!(emulator.tell(Listener { key: ["pk", "sk"], told }));
        assert!(!emulator.tell(Listener { key: ["pk", "sk"], told: Box::new(|_| ()) }), "there is one listener");
        Self(heard)
    }

    fn check(&self, what: &str, expected: &[Written]) {
        assert_eq!(std::mem::take(&mut *self.0.lock().unwrap()), expected, "{what}");
    }
}

fn replaced(pk: &str, sk: &str) -> Written {
    Written::Replaced([pk.to_owned(), sk.to_owned()])
}

fn changed(pk: &str, sk: &str) -> Written {
    Written::Changed([pk.to_owned(), sk.to_owned()])
}

fn named(text: &str) -> Written {
    Written::Named(text.to_owned())
}

#[tokio::test]
async fn every_write_is_told_before_it_is_answered_whichever_way_it_came_and_also_one_that_was_refused() {
    let (emulator, _) = clients::in_memory().await;
    let (direct, ..) = clients::direct(&emulator);
    let http = clients::dynamodb(emulator.endpoints());
    make_table(&direct).await;
    let ear = Ear::at(&emulator);
    for client in [&direct, &http] {
        single_writes(client, &ear).await;
        many_writes(client, &ear).await;
        statements(client, &ear).await;
        client.get_item().table_name("things").set_key(Some(key("a", "1"))).send().await.unwrap();
        client.scan().table_name("things").send().await.unwrap();
        ear.check("reads", &[]);
    }
    direct.delete_table().table_name("things").send().await.unwrap();
    ear.check("a table", &[Written::Anything]);
    emulator.shutdown().await;
}

async fn single_writes(client: &Client, ear: &Ear) {
    let put = || client.put_item().table_name("things").set_item(Some(item("a", "1")));
    put().send().await.unwrap();
    ear.check("put", &[replaced("a", "1")]);
    put().condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
    ear.check("a refused put", &[replaced("a", "1")]);
    let update = client.update_item().table_name("things").set_key(Some(key("a", "1")));
    let update = update.update_expression("SET what = :what").expression_attribute_values(":what", text("more"));
    update.send().await.unwrap();
    ear.check("update", &[changed("a", "1")]);
    client.delete_item().table_name("things").set_key(Some(key("a", "1"))).send().await.unwrap();
    ear.check("delete", &[replaced("a", "1")]);
}

async fn many_writes(client: &Client, ear: &Ear) {
    let put = PutRequest::builder().set_item(Some(item("b", "1"))).build().unwrap();
    let delete = DeleteRequest::builder().set_key(Some(key("b", "2"))).build().unwrap();
    let writes =
        [WriteRequest::builder().put_request(put).build(), WriteRequest::builder().delete_request(delete).build()];
    client.batch_write_item().request_items("things", writes.to_vec()).send().await.unwrap();
    ear.check("batch", &[replaced("b", "1"), replaced("b", "2")]);

    let put = Put::builder().table_name("things").set_item(Some(item("c", "1"))).build().unwrap();
    let update = Update::builder().table_name("things").set_key(Some(key("c", "2"))).update_expression("SET what = pk");
    let delete = Delete::builder().table_name("things").set_key(Some(key("c", "3"))).build().unwrap();
    let actions = [
        TransactWriteItem::builder().put(put).build(),
        TransactWriteItem::builder().update(update.build().unwrap()).build(),
        TransactWriteItem::builder().delete(delete).build(),
    ];
    client.transact_write_items().set_transact_items(Some(actions.to_vec())).send().await.unwrap();
    ear.check("transaction", &[replaced("c", "1"), changed("c", "2"), replaced("c", "3")]);
}

async fn statements(client: &Client, ear: &Ear) {
    let statement = |words: &str, values: &[&str]| {
        let values = values.iter().map(|value| text(value)).collect();
        BatchStatementRequest::builder().statement(words).set_parameters(Some(values)).build().unwrap()
    };
    let run = async |statement: BatchStatementRequest| {
        client.batch_execute_statement().statements(statement).send().await.unwrap();
    };
    run(statement("INSERT INTO \"things\" VALUE {'pk': ?, 'sk': ?}", &["d", "1"])).await;
    ear.check("insert", &[named("d"), named("1")]);
    run(statement("UPDATE \"things\" SET \"what\" = ? WHERE \"pk\" = ? AND \"sk\" = ?", &["new", "d", "1"])).await;
    ear.check("update by a statement", &[named("new"), named("d"), named("1")]);
    let literal = BatchStatementRequest::builder().statement("DELETE FROM \"things\" WHERE \"pk\"='d' AND \"sk\"='1'");
    run(literal.build().unwrap()).await;
    ear.check("a statement that names its item itself", &[Written::Anything]);
}
