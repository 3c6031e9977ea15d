//! Making what lets somebody in.

use domain::account::{Credential, CredentialKind, Name, Secret, User};
use domain::id::{Entropy, ShortId};
use store::Issuing;

use crate::context::Context;
use crate::conventions::Draws;
use crate::making::DRAWS;
use crate::problem::Problem;

impl Context {
    /// Whether an earlier attempt at this very request has issued what it would issue now.
    pub(crate) async fn is_issued<K: CredentialKind>(&self, draws: &Draws) -> Result<bool, Problem> {
        let Some(mut ahead) = draws.ahead() else { return Ok(false) };
        Ok(self.store.access(&Secret::<K>::draw(&mut ahead), self.now()).await?.is_some())
    }

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
                Issuing::Ended => return Err(Problem::bad_credential()),
            }
        }
        Err(Problem::no_free_id())
    }
}
