//! Where the installation's key lives: a file that only its owner can read, or a SecureString of AWS Systems Manager. Made once, by whoever
//! needs it first, and never overwritten.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use std::time::Duration;

use domain::id::{InstallationKey, SystemEntropy};

use crate::aws::{Aws, Service};
use crate::clock::Clock;
use crate::settings::Vars;
use crate::ssm::{Making, Ssm, SsmError};

/// The key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nobody said where it is.
    #[error(
        "setting FEEDMILL_KEY_PARAMETER is missing: the name of the SSM parameter that holds the installation's key; \
         or FEEDMILL_KEY_FILE, the path of a file"
    )]
    NotSet,
    /// There can be no parameter of that name.
    #[error(
        "setting FEEDMILL_KEY_PARAMETER is wrong: the name of an SSM parameter, of letters, digits, `/`, `_`, `.` and `-`"
    )]
    BadName,
    /// The parameter cannot be read or made.
    #[error("cannot use the SSM parameter {name}, which holds the installation's key")]
    Parameter {
        /// Its name.
        name: String,
        /// Why.
        source: SsmError,
    },
    /// The parameter holds no key.
    #[error("the SSM parameter {name} holds no key: restore it from its backup")]
    NoKeyInParameter {
        /// Its name.
        name: String,
    },
    /// Somebody made the parameter, and it cannot be read yet.
    #[error("the SSM parameter {name} was made just now and cannot be read yet: it will in a moment")]
    NotYet {
        /// Its name.
        name: String,
    },
    /// The file is not there, and none is to be made.
    #[error("there is no key file {}: say where it is, or restore it from its backup", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
    },
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

/// Where an installation keeps its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// `FEEDMILL_KEY_FILE`.
    File(PathBuf),
    /// `FEEDMILL_KEY_PARAMETER`.
    Parameter(String),
}

impl Home {
    /// What the settings say; the file, if they say both.
    ///
    /// # Errors
    /// [`KeyError::NotSet`], [`KeyError::BadName`].
    pub fn from_vars(vars: &Vars) -> Result<Self, KeyError> {
        if let Some(path) = vars.get("FEEDMILL_KEY_FILE") {
            return Ok(Self::File(path.into()));
        }
        let name = vars.get("FEEDMILL_KEY_PARAMETER").ok_or(KeyError::NotSet)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
        if name.bytes().all(plain) { Ok(Self::Parameter(name.to_owned())) } else { Err(KeyError::BadName) }
    }

    /// The key, made if there is none: of those who need it first at once, all get the same. To be asked when the key is first needed, not at
    /// the start: a function that cannot reach it yet is to answer so, not to crash in a circle.
    ///
    /// # Errors
    /// [`KeyError`]; what is there is never replaced.
    pub async fn key(&self, aws: &Aws, clock: &Clock) -> Result<InstallationKey, KeyError> {
        match self {
            Self::File(path) => load_or_create(path),
            Self::Parameter(name) => {
                parameter(&Ssm { config: aws.config(Service::Ssm), clock }, name, &mut SystemEntropy).await
            }
        }
    }
}

/// Where a function has the key from that comes by now and then, and does without it otherwise.
#[derive(Debug)]
pub enum Keeper {
    /// Nobody gave it one.
    Nobody,
    /// Whoever started it.
    Given(InstallationKey),
    /// Its home, looked into each time: it may have changed there since.
    Home(Home, Box<Aws>),
}

impl Keeper {
    /// What the settings say.
    ///
    /// # Errors
    /// [`KeyError::BadName`].
    pub fn from_vars(vars: &Vars, aws: &Aws) -> Result<Self, KeyError> {
        match Home::from_vars(vars) {
            Ok(home) => Ok(Self::Home(home, Box::new(aws.clone()))),
            Err(KeyError::NotSet) => Ok(Self::Nobody),
            Err(error) => Err(error),
        }
    }

    /// The key as it is now; `None` if nobody gave it one, or none was ever made. Never makes one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn key(&self, clock: &Clock) -> Result<Option<InstallationKey>, KeyError> {
        match self {
            Self::Nobody => Ok(None),
            Self::Given(key) => Ok(Some(key.clone())),
            Self::Home(Home::File(path), _) => load(path).map(Some),
            Self::Home(Home::Parameter(name), aws) => {
                let text = Ssm { config: aws.config(Service::Ssm), clock }.get(name).await;
                let text = text.map_err(|source| KeyError::Parameter { name: name.clone(), source })?;
                text.map(|text| parsed(name, &text)).transpose()
            }
        }
    }
}

fn parsed(parameter: &str, text: &str) -> Result<InstallationKey, KeyError> {
    text.trim().parse().map_err(|_| KeyError::NoKeyInParameter { name: parameter.to_owned() })
}

/// How often a parameter is read that somebody else has made, and how long it is waited in between: reads of SSM may lag behind its writes.
const READS: u32 = 5;
const LAG: Duration = Duration::from_millis(200);

async fn parameter(ssm: &Ssm<'_>, name: &str, entropy: &mut SystemEntropy) -> Result<InstallationKey, KeyError> {
    let failed = |source| KeyError::Parameter { name: name.to_owned(), source };
    if let Some(text) = ssm.get(name).await.map_err(failed)? {
        return parsed(name, &text);
    }
    let about = "Feedmill: the key of this installation. Links to posts depend on its first line; feedmill key rotate adds one.";
    let key = InstallationKey::generate(entropy);
    let made = ssm.put_if_absent(name, &key.to_text(), about).await.map_err(failed)?;
    tracing::info!(parameter = name, ours = made == Making::Made, "the installation's key was made");
    for again in 1..=READS {
        // What is there counts, whoever made it: an answer that got lost may hide that our own attempt was the first.
        if let Some(text) = ssm.get(name).await.map_err(failed)? {
            return parsed(name, &text);
        }
        tokio::time::sleep(LAG * again).await;
    }
    Err(KeyError::NotYet { name: name.to_owned() })
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
    let text = fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Absent { path: path.to_owned() },
        _ => KeyError::File { path: path.to_owned(), source },
    })?;
    text.trim().parse().map_err(|_| KeyError::NoKey { path: path.to_owned() })
}

/// Puts the changed key in place of the one in `path`, whole or not at all. What is not there is not made, and another installation's key is not replaced.
///
/// # Errors
/// [`KeyError`]; then the key is there as it was, or as it is to be.
pub fn replace(path: &Path, changed: &InstallationKey) -> Result<(), KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    if load(path)?.fingerprint() != changed.fingerprint() {
        return Err(KeyError::NoKey { path: path.to_owned() });
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    write_private(&draft, changed.to_text().as_bytes()).map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)?;
    // Not only the file is to outlive the machine's power, but its name too.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
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
    fn a_key_is_replaced_by_itself_changed_and_by_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = load_or_create(&path).unwrap();
        let changed = made.changed(&mut SystemEntropy).unwrap();
        replace(&path, &changed).unwrap();
        assert_eq!(load(&path).unwrap().to_text(), changed.to_text());
        let other = InstallationKey::generate(&mut SystemEntropy);
        assert!(replace(&path, &other).is_err());
        assert_eq!(load(&path).unwrap().to_text(), changed.to_text());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        assert!(replace(&folder.path().join("none"), &changed).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn who_works_without_the_key_compares_it_where_it_is_given_and_never_makes_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let vars = Vars::of([("FEEDMILL_KEY_FILE", path.to_str().unwrap())]);
        assert!(matches!(fingerprint_from_vars(&vars), Err(KeyError::Absent { .. })));
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
