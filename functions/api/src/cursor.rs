//! Cursors: where the next page goes on. Opaque to clients, and authenticated: an edited one is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Bytes of the keyed BLAKE3 hash in front of a cursor.
const TAG: usize = 16;

/// Makes and checks cursors.
pub(crate) struct Cursors([u8; 32]);

impl Cursors {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// A cursor for the list that `scope` names: one of another list is refused.
    pub(crate) fn seal<T: Serialize>(&self, scope: &str, place: &T) -> Result<String, Problem> {
        let payload = serde_json::to_vec(place).map_err(|error| Problem::ours(&error))?;
        Ok(self.seal_bytes(scope, &payload))
    }

    /// The same for a place that is bytes.
    pub(crate) fn seal_bytes(&self, scope: &str, payload: &[u8]) -> String {
        let mut sealed = self.tag(scope, payload).as_bytes()[..TAG].to_vec();
        sealed.extend_from_slice(payload);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The place that `cursor` names.
    pub(crate) fn open<T: DeserializeOwned>(&self, scope: &str, cursor: &str) -> Result<T, Problem> {
        serde_json::from_slice(&self.open_bytes(scope, cursor)?).map_err(|_| Problem::bad_cursor())
    }

    /// The same for a place that is bytes.
    pub(crate) fn open_bytes(&self, scope: &str, cursor: &str) -> Result<Vec<u8>, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Problem::bad_cursor())?;
        let (tag, payload) = bytes.split_at_checked(TAG).ok_or_else(Problem::bad_cursor)?;
        let mut whole = *self.tag(scope, payload).as_bytes();
        let expected = blake3::Hash::from_bytes(whole);
        whole[..TAG].copy_from_slice(tag);
        // Comparing hashes takes the same time wherever they differ.
        if expected != blake3::Hash::from_bytes(whole) {
            return Err(Problem::bad_cursor());
        }
        Ok(payload.to_vec())
    }

    fn tag(&self, scope: &str, payload: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // The length keeps scope and payload apart.
        hasher.update(&(scope.len() as u64).to_le_bytes());
        hasher.update(scope.as_bytes()).update(payload);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_in_its_own_list_only_and_only_as_it_was_made() {
        let cursors = Cursors::new([7; 32]);
        let cursor = cursors.seal("posts", &42u64).unwrap();
        assert_eq!(cursors.open::<u64>("posts", &cursor).unwrap(), 42);
        assert!(cursors.open::<u64>("jobs", &cursor).is_err());
        assert!(Cursors::new([8; 32]).open::<u64>("posts", &cursor).is_err());
        for at in 0..cursor.len() {
            let mut edited = cursor.clone().into_bytes();
            edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8(edited).unwrap();
            assert!(edited == cursor || cursors.open::<u64>("posts", &edited).is_err(), "{at}");
        }
        for junk in ["", "AAAA", "not base64!"] {
            assert!(cursors.open::<u64>("posts", junk).is_err());
        }
    }
}
