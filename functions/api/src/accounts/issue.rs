//! Making what lets somebody in.

use domain::account::{Credential, CredentialKind, Name, Secret, User};
use domain::id::{Entropy, ShortId};
use store::{Issuing, Patience};

use crate::context::Context;
use crate::conventions::Draws;
use crate::making::DRAWS;
use crate::problem::Problem;

impl Context {
    /// Issues a credential of a user, who has just been read and shown who they are. A repeated request draws the same and issues it once.
    pub(crate) async fn issue<K: CredentialKind>(
        &self,
        user: &User,
        name: Option<Name>,
        draws: &mut impl Entropy,
    ) -> Result<(Credential<K>, Secret<K>), Problem> {
        let secret = Secret::draw(draws);
        for _ in 0..DRAWS {
            let id = ShortId::draw(draws);
            let credential = Credential { name: name.clone(), ..Credential::new(id, self.now()) };
            match self.store.issue(user, &credential, &secret.hash()).await? {
                Issuing::Issued => return Ok((credential, secret)),
                Issuing::IdTaken => {}
                Issuing::Ended | Issuing::Overtaken => return Err(Problem::bad_credential()),
            }
        }
        Err(Problem::no_free_id())
    }

    /// The same of a kind of which a user may have `most`; `None` when there are so many. What an earlier attempt at this very request has issued is issued again.
    pub(crate) async fn issue_one_of<K: CredentialKind>(
        &self,
        most: usize,
        user: &User,
        name: &Name,
        draws: &mut Draws,
    ) -> Result<Option<(Credential<K>, Secret<K>)>, Problem> {
        let (secret, mut id) = (Secret::draw(draws), ShortId::draw(draws));
        let (mut patience, mut drawn) = (Patience::new(), 1);
        while drawn <= DRAWS {
            let turn = self.store.turn(user.id).await?;
            let there = self.store.credentials::<K>(user, self.now()).await?;
            if there.len() >= most && self.store.access(&secret, self.now()).await?.is_none() {
                return Ok(None);
            }
            let credential = Credential { name: Some(name.clone()), ..Credential::new(id, self.now()) };
            match self.store.issue_in_turn(user, &credential, &secret.hash(), turn).await? {
                Issuing::Issued => return Ok(Some((credential, secret))),
                Issuing::IdTaken => (id, drawn) = (ShortId::draw(draws), drawn + 1),
                Issuing::Overtaken => patience.wait_or("issuing a credential").await?,
                Issuing::Ended => return Err(Problem::bad_credential()),
            }
        }
        Err(Problem::no_free_id())
    }
}
