//! Receives that wait, on a clock that Tokio moves when everything else stands still.

use emulator::sqs::{Attributes, Message, Outgoing, Receive, Sqs};
use std::sync::Arc;
use tokio::time::{Duration, Instant, sleep};

fn queues() -> Sqs {
    let start = Instant::now();
    let sqs = Sqs::open(None, Arc::new(move || start.elapsed().as_millis() as i64)).unwrap();
    sqs.create_queue("dead", &Attributes::new()).unwrap();
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"1"}}"#, emulator::sqs::arn("dead"));
    sqs.create_queue("work", &[("RedrivePolicy".to_owned(), policy)].into()).unwrap();
    sqs
}

fn send(sqs: &Sqs, delay_seconds: i64) {
    let message = Outgoing { body: "x".into(), delay_seconds: Some(delay_seconds) };
    assert!(sqs.send("work", &[message]).unwrap().iter().all(Result::is_ok));
}

async fn receive(sqs: &Sqs, queue: &str, wait_seconds: i64) -> Vec<Message> {
    let ask = Receive { max_messages: 10, wait_seconds: Some(wait_seconds), visibility_seconds: Some(5) };
    sqs.receive(queue, ask).await.unwrap()
}

/// Waits 20 s on `queue` while `meanwhile` happens, and expects so many messages after so many seconds.
async fn check_wait(sqs: &Sqs, queue: &str, meanwhile: impl Future<Output = ()>, messages: usize, after_seconds: u64) {
    let started = Instant::now();
    let received = async {
        let received = receive(sqs, queue, 20).await;
        (received.len(), started.elapsed().as_millis() as u64 / 1_000)
    };
    let (received, ()) = tokio::join!(received, meanwhile);
    assert_eq!(received, (messages, after_seconds), "messages, seconds");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_receive_returns_when_a_message_becomes_visible_and_not_before() {
    let sqs = queues();
    check_wait(&sqs, "work", async {}, 0, 20).await;
    let sent_later = async {
        sleep(Duration::from_secs(3)).await;
        send(&sqs, 0);
    };
    check_wait(&sqs, "work", sent_later, 1, 3).await;
    // That one is moved after 5 s, by the next look; one with a delay is waited for.
    send(&sqs, 8);
    check_wait(&sqs, "work", async {}, 1, 8).await;
    assert_eq!(receive(&sqs, "dead", 0).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_of_dead_letters_is_woken_by_the_move() {
    let sqs = queues();
    send(&sqs, 0);
    let handle = receive(&sqs, "work", 0).await.remove(0).receipt_handle;
    let given_back = async {
        sleep(Duration::from_secs(2)).await;
        assert!(sqs.change_visibility("work", &[(&handle, 0)]).unwrap()[0].is_ok());
        assert!(receive(&sqs, "work", 0).await.is_empty());
    };
    check_wait(&sqs, "dead", given_back, 1, 2).await;
}
