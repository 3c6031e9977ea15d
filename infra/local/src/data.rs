//! The data folder: one process has it at a time, one version of Feedmill wrote it, and a file in it says where that process listens.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::trouble::Trouble;

/// How the folder is laid out. Another number means that another version of Feedmill wrote it.
const LAYOUT: u32 = 1;
const VERSION_FILE: &str = "version";
const LOCK_FILE: &str = "lock";
const SERVER_FILE: &str = "server.json";

/// A client that looks whether someone has the folder holds the lock for an instant; so long is that waited for.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The folder, held until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    // Held, not read.
    _lock: File,
}

/// Where the process that has the folder listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerNote {
    /// Of its API.
    pub address: SocketAddr,
    /// Its process id.
    pub pid: u32,
}

impl DataFolder {
    /// Takes the folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`Trouble::CannotStart`] when another process has it, another version wrote it, it holds something else, or it cannot be written.
    pub async fn open(path: &Path) -> Result<Self, Trouble> {
        make(path).map_err(|error| unusable(path, &error))?;
        check_version(path)?;
        let mut lock = options().open(path.join(LOCK_FILE)).map_err(|error| unusable(path, &error))?;
        take(&mut lock, path).await?;
        // Before anything else is written, so that a folder of ours is always known as such.
        write_whole(&path.join(VERSION_FILE), format!("{LAYOUT}\n").as_bytes())
            .map_err(|error| unusable(path, &error))?;
        let folder = Self { path: path.to_owned(), _lock: lock };
        // Left behind by a process that was killed.
        folder.forget_server();
        Ok(folder)
    }

    /// Takes a folder that is there: none is made where somebody mistyped its name.
    ///
    /// # Errors
    /// As [`DataFolder::open`], and [`Trouble::Failed`] when no Feedmill has ever run on it.
    pub async fn open_made(path: &Path) -> Result<Self, Trouble> {
        match path.join(VERSION_FILE).try_exists() {
            Ok(true) => Self::open(path).await,
            Ok(false) => Err(Trouble::Failed(format!(
                "there is no data folder of Feedmill at {}: choose another with --data",
                path.display()
            ))),
            Err(error) => Err(unusable(path, &error)),
        }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file with the installation's key.
    pub fn key_file(&self) -> PathBuf {
        key_file(&self.path)
    }

    /// Lets clients find the API.
    ///
    /// # Errors
    /// [`Trouble::CannotStart`] when the file cannot be written.
    pub fn announce_server(&self, address: SocketAddr) -> Result<(), Trouble> {
        let note = ServerNote { address, pid: std::process::id() };
        let json =
            serde_json::to_vec(&note).map_err(|error| Trouble::cannot_start("cannot write server.json", &error))?;
        write_whole(&self.path.join(SERVER_FILE), &json).map_err(|error| unusable(&self.path, &error))
    }

    /// The API does not listen any more.
    pub fn forget_server(&self) {
        match fs::remove_file(self.path.join(SERVER_FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => tracing::warn!(%error, "server.json stays behind"),
            _ => {}
        }
    }
}

/// The file with the installation's key in the data folder `path`.
pub fn key_file(path: &Path) -> PathBuf {
    path.join("key")
}

/// The address of the Feedmill that runs on `path`, or `None` when none does (what a killed one left behind does not count).
///
/// # Errors
/// [`Trouble::Failed`] when that cannot be seen.
pub fn find_server(path: &Path) -> Result<Option<ServerNote>, Trouble> {
    let hidden = |error: &dyn std::fmt::Display| {
        Trouble::Failed(format!("cannot look into the data folder {}: {error}", path.display()))
    };
    let lock = match File::open(path.join(LOCK_FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| hidden(&error))?,
    };
    // Whoever gets the lock knows that nobody has it.
    if lock.try_lock_shared().is_ok() {
        return Ok(None);
    }
    match fs::read(path.join(SERVER_FILE)) {
        // Who has the folder does not listen, or not yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(hidden(&error)),
        Ok(note) => serde_json::from_slice(&note).map(Some).map_err(|error| hidden(&error)),
    }
}

fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

fn options() -> fs::OpenOptions {
    let mut options = File::options();
    options.create(true).read(true).write(true).truncate(false);
    options
}

fn check_version(path: &Path) -> Result<(), Trouble> {
    let shown = path.display();
    match fs::read_to_string(path.join(VERSION_FILE)) {
        Ok(text) if text.trim() == LAYOUT.to_string() => Ok(()),
        Ok(text) => {
            let theirs: String = text.trim().chars().filter(|c| !c.is_control()).take(20).collect();
            Err(Trouble::CannotStart(format!(
                "the data folder {shown} has version {theirs:?}, this Feedmill works on version {LAYOUT}: use the Feedmill that wrote it, or another folder with --data"
            )))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_empty(path) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Trouble::CannotStart(format!(
            "{shown} is not empty and not a data folder of Feedmill: choose another folder with --data"
        ))),
        Err(error) => Err(unusable(path, &error)),
    }
}

/// A process that died right after it took the lock has left that file.
fn is_empty(path: &Path) -> bool {
    let ours = |name: &std::ffi::OsStr| name == LOCK_FILE || name.to_string_lossy().starts_with("version.");
    fs::read_dir(path).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| ours(&entry.file_name()))))
}

async fn take(lock: &mut File, path: &Path) -> Result<(), Trouble> {
    for attempt in 1.. {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < LOCK_TRIES => tokio::time::sleep(LOCK_PAUSE).await,
            Err(TryLockError::WouldBlock) => return Err(in_use(lock, path)),
            Err(TryLockError::Error(error)) => return Err(unusable(path, &error)),
        }
    }
    let write_pid = |lock: &mut File| {
        lock.set_len(0)?;
        lock.rewind()?;
        writeln!(lock, "{}", std::process::id())
    };
    write_pid(lock).map_err(|error| unusable(path, &error))
}

fn in_use(lock: &mut File, path: &Path) -> Trouble {
    let mut text = String::new();
    let pid: Option<u32> = lock.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
    let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    Trouble::CannotStart(format!(
        "the data folder {} is in use by {who}: stop that one, or choose another folder with --data",
        path.display()
    ))
}

fn unusable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::CannotStart(format!(
        "cannot use the data folder {}: {error}; make it writable or choose another with --data",
        path.display()
    ))
}

/// A reader sees the old file or the new one, never half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&draft, bytes)?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(path: &Path) -> String {
        match DataFolder::open(path).await {
            Err(Trouble::CannotStart(sentence)) => sentence,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_second_process_is_refused_by_the_pid_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/data");
        let held = DataFolder::open(&path).await.unwrap();
        assert!(refusal(&path).await.contains(&format!("in use by process {}", std::process::id())));
        drop(held);
        DataFolder::open(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_folder_of_another_version_or_of_something_else_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataFolder::open(folder.path()).await.unwrap());
        fs::write(folder.path().join(VERSION_FILE), "2\n").unwrap();
        assert!(refusal(folder.path()).await.contains("version \"2\", this Feedmill works on version 1"));
        assert_eq!(fs::read_to_string(folder.path().join(VERSION_FILE)).unwrap(), "2\n");

        let photos = tempfile::tempdir().unwrap();
        fs::write(photos.path().join("cat.jpg"), "cat").unwrap();
        assert!(refusal(photos.path()).await.contains("not a data folder"));
        assert_eq!(fs::read_dir(photos.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_server_is_found_while_it_runs_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find_server(folder.path()).unwrap(), None);
        let held = DataFolder::open(folder.path()).await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 4180));
        held.announce_server(address).unwrap();
        assert_eq!(find_server(folder.path()).unwrap().unwrap().address, address);
        // Gone without saying so.
        drop(held);
        assert_eq!(find_server(folder.path()).unwrap(), None);
        drop(DataFolder::open(folder.path()).await.unwrap());
        assert!(!folder.path().join(SERVER_FILE).exists());
    }
}
