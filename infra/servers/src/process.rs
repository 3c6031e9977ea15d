//! A server as a process that does not outlive who started it.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum NoServer {
    /// This machine lacks what it needs: a test is skipped, and says so.
    #[error("{0}")]
    NotHere(String),
    /// It is here and does not work.
    #[error("{0}")]
    Broken(String),
}

impl NoServer {
    pub(crate) fn broken(what: &str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Broken(format!("{what}: {error}"))
    }
}

/// `target`: where the programs of this workspace are built, and where tools may be put.
///
/// # Errors
/// When this program does not lie there.
pub fn target_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    // `target/debug/xtask`, or of a test `target/debug/deps/system-0123`.
    let profile = program.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let target = profile.and_then(Path::parent).map(PathBuf::from);
    target.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "this program is in no target folder"))
}

/// A running server, first of its process group. Dropped, it ends with all that it started.
#[derive(Debug)]
pub(crate) struct Process {
    address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Process {
    /// Starts what `command` makes of a free port and a folder that goes with the server; returns when it listens.
    pub(crate) fn start(command: impl FnOnce(SocketAddr, &TempDir) -> Command) -> Result<Self, NoServer> {
        let broken = NoServer::broken("a server cannot be started");
        let folder = tempfile::tempdir().map_err(&broken)?;
        // The port is free until someone else asks for one.
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(&broken)?;
        let log = File::create(folder.path().join("log")).map_err(&broken)?;
        let mut command = command(address, &folder);
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(&broken)?).stderr(log).process_group(0);
        let child = command.spawn().map_err(|error| NoServer::NotHere(format!("{command:?}: {error}")))?;
        let mut process = Self { address, child, folder };
        process.wait_until_it_listens()?;
        Ok(process)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), NoServer> {
        while TcpStream::connect(self.address).is_err() {
            if self.child.try_wait().map_err(NoServer::broken("nobody knows how the server is"))?.is_some() {
                return Err(NoServer::Broken(format!("the server has ended: {}", self.log())));
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it with all that it started; whether nothing is left.
    pub(crate) fn stop(mut self) -> bool {
        self.end();
        !signal("-0", &self.group())
    }

    fn group(&self) -> String {
        format!("-{}", self.child.id())
    }

    fn end(&mut self) {
        let group = self.group();
        signal("-KILL", &group);
        drop(self.child.wait());
        // What it started is its children, not ours: they are gone when the group is.
        for _ in 0..50 {
            if !signal("-0", &group) {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.end();
        }
    }
}

/// Whether there was someone to get it.
fn signal(name: &str, group: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([name, "--", group]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
