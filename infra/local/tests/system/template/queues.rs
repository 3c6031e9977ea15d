//! Queues, with the numbers that one machine installs too.

use std::collections::BTreeMap;
use std::sync::Arc;

use boot::aws::Aws;
use domain::id::{InstallationKey, SystemEntropy};
use domain::timing::DEAD_RETENTION;
use emulator::{Emulator, Where};
use local::install;
use local::names::{self, Choices};
use serde_json::Value;

use super::{number, template};

/// Only in the cloud: what the platform could not start.
const OF_THE_PLATFORM: &str = "ScheduleDead";

/// `feedmill-fetch-slow-dead` is `FetchSlowDead` in the template.
fn logical(name: &str) -> String {
    let capital = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    name.split('-').skip(1).map(capital).collect()
}

/// Visibility (of dead letters the service's own), retention, receives and what then.
type Numbers = (Option<u64>, u64, Option<(u64, String)>);

fn of_template() -> BTreeMap<String, Numbers> {
    let template = template();
    let queues = template.resources("AWS::SQS::Queue").into_iter();
    let numbers = |(name, queue): (&str, &Value)| {
        let queue = &queue["Properties"];
        let redrive = &queue["RedrivePolicy"];
        let visibility = redrive.is_object().then(|| number(&queue["VisibilityTimeout"]));
        let dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0].as_str();
        let redrive = dead.map(|dead| (number(&redrive["maxReceiveCount"]), dead.to_owned()));
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{name}");
        (name.to_owned(), (visibility, number(&queue["MessageRetentionPeriod"]), redrive))
    };
    queues.map(numbers).collect()
}

async fn of_one_machine() -> BTreeMap<String, Numbers> {
    let emulator = Emulator::start(Where::Memory, Arc::new(|| 0)).await.unwrap();
    let ends = emulator.endpoints();
    let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
    let settings = names::settings(&ends.sqs, &Choices::default()).unwrap();
    let key = InstallationKey::generate(&mut SystemEntropy);
    install::install(&aws, emulator.sqs(), &settings, &key, boot::clock::now()).await.unwrap();
    let queues = emulator.sqs().list_queues("feedmill-");
    let numbers = |name: String| {
        let attributes = emulator.sqs().queue_attributes(&name).unwrap();
        let told = |what: &str| attributes[what].parse::<u64>().unwrap();
        let redrive = attributes.get("RedrivePolicy").map(|text| {
            let redrive: Value = serde_json::from_str(text).unwrap();
            let dead = redrive["deadLetterTargetArn"].as_str().unwrap().rsplit(':').next().unwrap();
            (number(&redrive["maxReceiveCount"]), logical(dead))
        });
        let visibility = redrive.is_some().then(|| told("VisibilityTimeout"));
        (logical(&name), (visibility, told("MessageRetentionPeriod"), redrive))
    };
    let numbers = queues.iter().map(|name| numbers(name.rsplit('/').next().unwrap().to_owned())).collect();
    emulator.shutdown().await;
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_and_their_numbers_are_those_of_one_machine_and_no_others() {
    let mut expected = of_one_machine().await;
    expected.insert(OF_THE_PLATFORM.to_owned(), (None, DEAD_RETENTION.as_secs(), None));
    assert_eq!(of_template(), expected);
}

#[test]
fn what_a_function_has_in_hand_stays_hidden_for_six_of_its_time_outs_at_least() {
    let template = template();
    for (function, queue) in [("Fetcher", "Fetch"), ("FetcherSlow", "FetchSlow")] {
        let timeout = number(&template.properties(function)["Timeout"]);
        assert!(number(&template.properties(queue)["VisibilityTimeout"]) >= 6 * timeout, "{queue}");
    }
}
