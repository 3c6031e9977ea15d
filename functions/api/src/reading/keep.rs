//! Stars and labels: posts are copied to the person who keeps them.

use std::collections::{HashMap, HashSet};

use blob::{BlobKey, Owner};
use domain::id::{PostNumber, SourceId, UserId};
use domain::label::LabelName;
use domain::source::Head;
use store::{Flag, Keeping, Labelling, Original, Patience};

use super::selection::Scope;
use crate::context::Context;
use crate::posts::MAX_CONTENT;
use crate::problem::Problem;

/// Posts that are copied at a time.
const AT_ONCE: usize = 100;

impl Context {
    /// Puts a flag on posts: on those that are kept already, and on copies of those that the person can see.
    pub(super) async fn keep_posts(&self, user: UserId, numbers: &[PostNumber], flag: &Flag) -> Result<(), Problem> {
        if let Flag::Label(label) = flag {
            self.make_label(user, label).await?;
        }
        let missing = self.store.flag(user, numbers, flag).await?;
        for some in missing.chunks(AT_ONCE) {
            let posts = self.originals(user, some).await?;
            if self.store.keep(user, &posts, flag).await? == Keeping::NoUser {
                return Err(Problem::no_such_user());
            }
        }
        Ok(())
    }

    /// The posts among `numbers` that the person can see, ready to be copied.
    async fn originals(&self, user: UserId, numbers: &[PostNumber]) -> Result<Vec<Original>, Problem> {
        let mut posts = self.store.originals(numbers).await?;
        let sources: HashSet<SourceId> = posts.iter().map(|post| post.source).collect();
        let sources: Vec<SourceId> = sources.into_iter().collect();
        let subscribed = self.within(user, &Scope::Sources(sources)).await?;
        let subscribed: Vec<SourceId> = subscribed.into_iter().map(|subscription| subscription.source).collect();
        posts.retain(|post| subscribed.contains(&post.source));
        let heads = self.store.heads(&subscribed).await?;
        let heads: HashMap<SourceId, Head> = heads.into_iter().map(|head| (head.source, head)).collect();
        for post in &mut posts {
            post.own_blob = self.own_blob(user, post).await?;
            let head = heads.get(&post.source);
            post.source_title = head.and_then(|head| head.title.clone());
            post.source_url = head.filter(|head| head.owner.is_none()).map(|head| head.url.clone());
        }
        Ok(posts)
    }

    /// A blob of the copy's own, since the original's goes with the post.
    async fn own_blob(&self, user: UserId, post: &Original) -> Result<Option<String>, Problem> {
        let Some(key) = post.blob.as_deref().and_then(BlobKey::named) else {
            return Ok(None);
        };
        let Some(bytes) = self.bucket.get(&key, MAX_CONTENT).await? else {
            tracing::error!(blob = key.name(), "the content of a post is not in the bucket");
            return Ok(None);
        };
        Ok(Some(self.bucket.put(Owner::Copy(user, post.number), bytes).await?.name()))
    }

    /// Makes a label, unless the person has as many as may be.
    pub(crate) async fn make_label(&self, user: UserId, label: &LabelName) -> Result<(), Problem> {
        let mut patience = Patience::new();
        loop {
            let turn = self.store.turn(user).await?;
            let labels = self.store.labels(user).await?;
            if labels.contains(label) {
                return Ok(());
            }
            if labels.len() >= LabelName::MOST {
                return Err(too_many_labels());
            }
            match self.store.make_label(user, label, self.now(), Some(turn)).await? {
                Labelling::Done => return Ok(()),
                Labelling::NoUser => return Err(Problem::no_such_user()),
                Labelling::Overtaken => patience.wait_or("making a label").await?,
            }
        }
    }

    /// Gives a label another name, on all posts; `None` if there is no such label. For that there is one more of them for a while, and for longer where somebody was stopped half-way.
    pub(crate) async fn rename_label(
        &self,
        user: UserId,
        label: &LabelName,
        to: &LabelName,
    ) -> Result<Option<()>, Problem> {
        let mut patience = Patience::new();
        loop {
            let turn = self.store.turn(user).await?;
            let labels = self.store.labels(user).await?;
            if !labels.contains(label) {
                return Ok(None);
            }
            if labels.len() > LabelName::MOST && !labels.contains(to) {
                return Err(too_many_labels());
            }
            match self.store.rename_label(user, label, to, self.now(), Some(turn)).await? {
                Labelling::Done => return Ok(Some(())),
                Labelling::NoUser => return Err(Problem::no_such_user()),
                Labelling::Overtaken => patience.wait_or("renaming a label").await?,
            }
        }
    }
}

fn too_many_labels() -> Problem {
    let detail = format!("there are {} labels already: delete one that is not needed", LabelName::MOST);
    Problem::conflict("too_many_labels", detail)
}
