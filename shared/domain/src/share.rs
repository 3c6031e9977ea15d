//! A post by a link of one's own making: whoever has the link sees that post, until the link is taken back.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::id::{BadId, InstallationKey, Label, PostNumber, ShareId, UserId, base62};
use crate::time::Timestamp;

/// One post that a user shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Names it.
    pub id: ShareId,
    /// Who shares it.
    pub user: UserId,
    /// What.
    pub post: PostNumber,
    /// Since when.
    pub created_at: Timestamp,
}

impl Share {
    /// So many posts one user may share at once.
    pub const MOST: usize = 1_000;
}

/// Characters of a link's seal: 83 bits.
const SEAL: usize = 14;
/// Characters of a share's id.
const ID: usize = 8;

/// What a link says: the share's id, and a seal that only this installation can make. So links are not stored, cannot be guessed, and a made-up one is
/// refused before anything is looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    id: ShareId,
    seal: [u8; SEAL],
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.id)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.id, std::str::from_utf8(&self.seal).unwrap_or_default())
    }
}

impl FromStr for Link {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId { kind: "share", form: "22 letters or digits" };
        let (id, seal) = text.split_at_checked(ID).ok_or(bad)?;
        let seal: [u8; SEAL] = seal.as_bytes().try_into().map_err(|_| bad)?;
        Ok(Self { id: id.parse().map_err(|_| bad)?, seal })
    }
}

/// Makes links, and knows its own.
pub struct Links(Zeroizing<[u8; 32]>);

impl Links {
    /// Those of the installation with `key`.
    pub fn new(key: &InstallationKey) -> Self {
        Self(Zeroizing::new(key.subkey(Label::Share)))
    }

    /// The link to a share.
    pub fn to(&self, id: ShareId) -> Link {
        let hash = blake3::keyed_hash(&self.0, id.as_str().as_bytes());
        let digits = base62::encode_256(*hash.as_bytes());
        let mut seal = [0; SEAL];
        // The last digits: the first one of 43 takes few values only.
        seal.copy_from_slice(&digits[digits.len() - SEAL..]);
        Link { id, seal }
    }

    /// The share that a link leads to; `None` for one that was not made here. Takes the same time for all of them.
    pub fn open(&self, link: &Link) -> Option<ShareId> {
        let own = self.to(link.id);
        bool::from(own.seal.ct_eq(&link.seal)).then_some(link.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_its_share_and_no_other_text_does() {
        let links = Links::new(&InstallationKey::from_bytes([7; 32]));
        let id: ShareId = "3kTMd9aZ".parse().unwrap();
        let text = links.to(id).to_string();
        assert_eq!((text.len(), &text[..8]), (22, "3kTMd9aZ"));
        assert_eq!(links.open(&text.parse().unwrap()), Some(id));
        for at in 0..text.len() {
            let mut edited = text.clone().into_bytes();
            edited[at] = if edited[at] == b'0' { b'1' } else { b'0' };
            let edited = String::from_utf8(edited).unwrap();
            assert_eq!(links.open(&edited.parse().unwrap()), None, "{edited}");
        }
        for bad in ["", "3kTMd9aZ", &text[1..], &format!("{text}0"), "3kTMd9a-00000000000000", "ééééééééééé"]
        {
            assert!(bad.parse::<Link>().is_err(), "{bad:?}");
        }
        let others = Links::new(&InstallationKey::from_bytes([8; 32]));
        assert_eq!(others.open(&text.parse().unwrap()), None);
    }
}
