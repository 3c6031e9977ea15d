//! What tests look at: records, queues, posts.

use domain::failure::ErrorCode;
use domain::id::SourceId;
use domain::job::{Ending, Finished};
use domain::message::{Announcement, FetchMessage};
use domain::source::Recent;
use emulator::sqs::Receive;
use store::Post;

use super::World;

impl World {
    /// The record of a job.
    pub(crate) async fn end(&self, message: &FetchMessage) -> Option<Finished> {
        self.store.finished(message.source, message.job).await.unwrap()
    }

    /// What waits in a queue now; it is taken out.
    pub(crate) async fn taken(&self, queue: &str) -> Vec<String> {
        let (sqs, queue) = (self.emulator.sqs(), format!("feedmill-{queue}"));
        let mut bodies = Vec::new();
        loop {
            let ask = Receive { max_messages: 10, wait_seconds: Some(0), visibility_seconds: None };
            let messages = sqs.receive(&queue, ask).await.unwrap();
            if messages.is_empty() {
                return bodies;
            }
            let handles: Vec<_> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
            sqs.delete(&queue, &handles).unwrap();
            bodies.extend(messages.into_iter().map(|message| message.body));
        }
    }

    /// The announcements that wait.
    pub(crate) async fn announced(&self) -> Vec<Announcement> {
        self.taken("tasks").await.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// The fetch messages that wait in the fast lane.
    pub(crate) async fn given_back(&self) -> Vec<FetchMessage> {
        self.taken("fetch").await.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// The posts of a source, oldest first.
    pub(crate) async fn posts(&self, source: SourceId) -> Vec<Post> {
        let page = self.store.page(source, None, 5_000).await.unwrap();
        let numbers: Vec<_> = page.iter().rev().map(|(_, number)| *number).collect();
        self.store.posts(&numbers).await.unwrap()
    }

    /// Their ids as the feed writes them, oldest first.
    pub(crate) async fn ids(&self, source: SourceId) -> Vec<String> {
        self.posts(source).await.into_iter().map(|post| post.external_id.unwrap()).collect()
    }

    /// What holds whatever happened: ordinals without a gap or a double, numbers rising, no post twice, the head in step, nothing open.
    pub(crate) async fn check_whole(&self, source: SourceId, expected: usize) {
        let posts = self.posts(source).await;
        let ordinals: Vec<u64> = posts.iter().map(|post| post.ordinal.get()).collect();
        assert_eq!(ordinals, (1..=expected as u64).collect::<Vec<_>>(), "ordinals");
        assert!(posts.is_sorted_by(|a, b| a.number < b.number), "numbers rise with ordinals");
        let ids: std::collections::HashSet<_> = posts.iter().map(|post| post.key).collect();
        assert_eq!(ids.len(), expected, "a post is there twice");
        let (head, poll) = self.store.view(source).await.unwrap().unwrap();
        assert_eq!(head.post_count.get(), expected as u64);
        assert_eq!(poll.open_landing, None);
        let recent: Vec<_> = posts.iter().rev().take(Recent::CAPACITY).rev().map(|post| post.number).collect();
        assert_eq!(head.recent.numbers(), recent);
    }
}

/// The code of a FAILED job.
pub(crate) fn code(finished: &Finished) -> Option<ErrorCode> {
    match &finished.ending {
        Ending::Failed(failure) => Some(failure.code),
        Ending::Completed { .. } => None,
    }
}

/// New and edited posts of a COMPLETED job.
pub(crate) fn counts(finished: &Finished) -> Option<(u32, u32)> {
    match &finished.ending {
        Ending::Completed { posts_count, edits_count, .. } => Some((*posts_count, *edits_count)),
        Ending::Failed(_) => None,
    }
}
