//! ministack as this test uses it: with permissions checked, and operated by a script.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use servers::{Ministack, NoServer, target_folder};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/system/deployed/cloud.py");

/// Why there is no emulator here.
pub(crate) struct Skipped(pub(crate) String);

/// A running emulator. Dropped, it ends with all that it started.
pub(crate) struct Cloud {
    ministack: Ministack,
}

/// Builds the functions as this test was built, once a process; where they are.
pub(crate) fn programs() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(build);
    &BUILT
}

fn build() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let profile = program.parent().unwrap().parent().unwrap().to_owned();
    let name = profile.file_name().unwrap().to_str().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--profile", if name == "debug" { "dev" } else { name }]);
    cargo.args(["-p", "api", "-p", "dispatcher", "-p", "fetcher", "-p", "maintenance"]);
    let done = cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).status().unwrap();
    assert!(done.success(), "the functions cannot be built");
    profile
}

impl Cloud {
    /// Installs the emulator where it is not installed yet, and starts it.
    pub(crate) fn start() -> Result<Self, Skipped> {
        match Ministack::start(&target_folder().unwrap(), true) {
            Ok(ministack) => Ok(Self { ministack }),
            Err(NoServer::NotHere(why)) => Err(Skipped(why)),
            Err(broken @ NoServer::Broken(_)) => panic!("{broken}"),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.ministack.address()
    }

    pub(crate) fn log(&self) -> String {
        self.ministack.log()
    }

    /// A command of the script; what it answers.
    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Value {
        let mut script = Command::new(self.ministack.python());
        script.arg(SCRIPT).arg(format!("http://{}", self.address())).arg(command).args(arguments);
        let done = script.output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{command} {arguments:?}: {told}\n{}", self.log());
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Ends it with all that it started; whether nothing is left.
    pub(crate) fn stop(self) -> bool {
        self.ministack.stop()
    }
}
