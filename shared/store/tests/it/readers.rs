//! Users: made, found, changed, let in, and gone.

mod credentials;
mod erase;
mod preferences;
mod profile;
mod register;
mod repeat;
mod roll;
mod share;
mod sign_in;
mod table;
mod units;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::task::Poll;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::account::{Credential, CredentialKind, Email, NewUser, PasswordHash, Secret, User};
use domain::id::{PostNumber, ShareId, ShortId, SystemEntropy, UserId};
use domain::share::Share;
use store::{Access, Issuing, Registering};

use crate::world::{NOON, World};

pub(crate) type Stored = BTreeMap<(String, String), BTreeMap<String, AttributeValue>>;

pub(crate) fn email(text: &str) -> Email {
    text.parse().unwrap()
}

/// No two are alike: a salt is part of them.
pub(crate) fn hash() -> PasswordHash {
    let salt = Secret::<domain::id::kinds::Session>::draw(&mut SystemEntropy);
    PasswordHash::new(format!("$argon2id$v=19$m=8,t=1,p=1${}$aGFzaA", salt.expose())).unwrap()
}

pub(crate) fn someone(address: &str) -> NewUser {
    NewUser { id: UserId::draw(&mut SystemEntropy), email: email(address), password: hash(), created_at: NOON }
}

impl World {
    pub(crate) async fn member(&self, address: &str) -> User {
        let new = someone(address);
        assert_eq!(self.store.register(&new, None).await.unwrap(), Registering::Registered);
        self.again(new.id).await
    }

    /// The user as of now.
    pub(crate) async fn again(&self, user: UserId) -> User {
        self.store.user(user).await.unwrap().unwrap()
    }

    /// A credential of `user`, made at noon.
    pub(crate) async fn issue<K: CredentialKind>(&self, user: &User) -> (Secret<K>, Credential<K>) {
        let (secret, credential) = draft::<K>();
        assert_eq!(self.store.issue(user, &credential, &secret.hash()).await.unwrap(), Issuing::Issued);
        (secret, credential)
    }

    /// Shares some post.
    pub(crate) async fn share(&self, user: UserId) {
        let (id, post) = (ShareId::draw(&mut SystemEntropy), PostNumber::new(42).unwrap());
        self.store.share(&Share { id, user, post, created_at: NOON }, None).await.unwrap();
    }

    pub(crate) async fn access<K: CredentialKind>(&self, secret: &Secret<K>) -> Option<Access<K>> {
        self.store.access(secret, NOON).await.unwrap()
    }

    /// All that is in the table.
    pub(crate) async fn stored(&self) -> Stored {
        let scan = self.client.scan().table_name(&self.tables.readers).consistent_read(true);
        let text = |value: &AttributeValue| value.as_s().unwrap().clone();
        let items = scan.send().await.unwrap().items.unwrap_or_default();
        items.into_iter().map(|item| ((text(&item["pk"]), text(&item["sk"])), item.into_iter().collect())).collect()
    }

    /// Puts an item of another room there, which the accounts know nothing of.
    pub(crate) async fn put(&self, pk: impl Into<String>, sk: &str) {
        let request = self.client.put_item().table_name(&self.tables.readers);
        let request = request.item("pk", AttributeValue::S(pk.into())).item("sk", AttributeValue::S(sk.to_owned()));
        request.send().await.unwrap();
    }
}

/// A credential that nobody has issued.
pub(crate) fn draft<K: CredentialKind>() -> (Secret<K>, Credential<K>) {
    (Secret::draw(&mut SystemEntropy), Credential::new(ShortId::draw(&mut SystemEntropy), NOON))
}

/// Drops `future` at its n-th wait, as if the process died there: what is on the wire may or may not be done.
pub(crate) fn stop_after<F: Future>(waits: usize, future: F) -> impl Future<Output = Option<F::Output>> {
    let (mut future, mut left) = (Box::pin(future), waits);
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
}

/// Holds `future` at its n-th wait, until `meanwhile` is through. None if it has no n-th wait.
pub(crate) fn held_at<F: Future, M: Future>(
    waits: usize,
    future: F,
    meanwhile: M,
) -> impl Future<Output = Option<(F::Output, M::Output)>> {
    let (mut future, meanwhile) = (Box::pin(future), Box::pin(meanwhile));
    async move {
        match stop_after(waits, future.as_mut()).await {
            Some(_) => None,
            None => {
                let meanwhile = meanwhile.await;
                Some((future.await, meanwhile))
            }
        }
    }
}

/// The sort keys in the partition of `user`.
pub(crate) fn of_user(stored: &Stored, user: UserId) -> Vec<String> {
    let own = format!("U#{user}");
    stored.keys().filter(|(pk, _)| *pk == own).map(|(_, sk)| sk.clone()).collect()
}

/// How many secrets there are that let someone in.
pub(crate) fn secrets(stored: &Stored) -> usize {
    stored.keys().filter(|(pk, _)| pk.starts_with("T#")).count()
}

/// After three lost answers the SDK gives up: the caller learns nothing, and asks again.
pub(crate) const GIVES_UP: usize = 3;
