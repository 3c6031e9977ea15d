//! Where the installation's key lives: a file that only its owner can read, made once and never overwritten.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::id::{InstallationKey, SystemEntropy};

use crate::settings::Vars;

/// The key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nobody said where it is.
    #[error("setting FEEDMILL_KEY_FILE is missing: the path of the file that holds the installation's key")]
    NotSet,
    /// The file cannot be read or made.
    #[error("cannot use the key file {}: make it readable and writable for this user", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no key.
    #[error("the key file {} holds no key: restore it from its backup", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
}

/// The key in `path`; made there (mode 0600) if the file does not exist.
///
/// Two processes that start at once get the same key: the file is put in place whole, and only if it is absent.
///
/// # Errors
/// [`KeyError`] when the file cannot be used; it is never replaced.
pub fn load_or_create(path: &Path) -> Result<InstallationKey, KeyError> {
    match fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(|_| KeyError::NoKey { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
        Err(source) => Err(KeyError::File { path: path.to_owned(), source }),
    }
}

/// The key in the file that `FEEDMILL_KEY_FILE` names.
///
/// # Errors
/// [`KeyError`] when the setting is missing or the file cannot be used.
pub fn from_vars(vars: &Vars) -> Result<InstallationKey, KeyError> {
    load_or_create(Path::new(vars.get("FEEDMILL_KEY_FILE").ok_or(KeyError::NotSet)?))
}

/// The fingerprint of the key in the file that `FEEDMILL_KEY_FILE` names, for a function that works without the key: `None` where nobody
/// gave it one.
///
/// # Errors
/// [`KeyError`] when the file cannot be used, or is not there.
pub fn fingerprint_from_vars(vars: &Vars) -> Result<Option<String>, KeyError> {
    let fingerprint = |path| load(path).map(|key| key.fingerprint());
    vars.get("FEEDMILL_KEY_FILE").map(Path::new).map(fingerprint).transpose()
}

/// The key in `path`, which must be there.
///
/// # Errors
/// [`KeyError`] when the file cannot be used, or is not there.
pub fn load(path: &Path) -> Result<InstallationKey, KeyError> {
    let text = fs::read_to_string(path).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    text.trim().parse().map_err(|_| KeyError::NoKey { path: path.to_owned() })
}

fn create(path: &Path) -> Result<InstallationKey, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let key = InstallationKey::generate(&mut SystemEntropy);
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    write_private(&draft, key.to_text().as_bytes()).map_err(failed)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => load_or_create(path),
        Err(source) => Err(failed(source)),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = load_or_create(&path).unwrap();
        assert_eq!(load_or_create(&path).unwrap().fingerprint(), made.fingerprint());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn who_works_without_the_key_compares_it_where_it_is_given_and_never_makes_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let vars = Vars::of([("FEEDMILL_KEY_FILE", path.to_str().unwrap())]);
        assert!(matches!(fingerprint_from_vars(&vars), Err(KeyError::File { .. })));
        assert!(!path.exists());
        let made = load_or_create(&path).unwrap();
        assert_eq!(fingerprint_from_vars(&vars).unwrap(), Some(made.fingerprint()));
        assert_eq!(fingerprint_from_vars(&Vars::default()).unwrap(), None);
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(load_or_create(&path), Err(KeyError::NoKey { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
    }
}
