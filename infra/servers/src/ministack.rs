//! ministack, from the Python package registry, in a virtual environment under `target/`.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{NoServer, Process};

/// What is installed; the second reads SAM's dialect of CloudFormation.
const PACKAGES: [&str; 2] = ["ministack==1.5.33", "aws-sam-translator==1.115.0"];

/// A running ministack. Dropped, it ends with all that it started.
#[derive(Debug)]
pub struct Ministack {
    python: PathBuf,
    process: Process,
}

impl Ministack {
    /// Installs it under the folder `target`, where it is not installed yet, and starts it. With `checks_permissions`, a call that a
    /// role does not allow is refused.
    ///
    /// # Errors
    /// [`NoServer::NotHere`] without Python or the registry; [`NoServer::Broken`] when it ends at once.
    pub fn start(target: &Path, checks_permissions: bool) -> Result<Self, NoServer> {
        let home = target.join("ministack");
        let python = install(&home)?;
        let process = Process::start(|address, folder| {
            let mut command = Command::new(home.join("bin/ministack"));
            command
                .env("GATEWAY_PORT", address.port().to_string())
                .env("BIND_HOST", "127.0.0.1")
                .env("AWS_ENDPOINT_URL", format!("http://{address}"))
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .env("AUTH", checks_permissions.to_string())
                .env("TMPDIR", folder.path());
            command
        })?;
        Ok(Self { python, process })
    }

    /// Where all its services listen.
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// The Python that it runs with, which has an SDK of AWS.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// What it has said.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Ends it with all that it started; whether nothing is left.
    pub fn stop(self) -> bool {
        self.process.stop()
    }
}

/// The Python of the virtual environment.
fn install(home: &Path) -> Result<PathBuf, NoServer> {
    let (python, done) = (home.join("bin/python"), home.join(PACKAGES.join("+")));
    if done.exists() {
        return Ok(python);
    }
    let run = |command: &mut Command, what: &str| {
        let not_here = |why: String| NoServer::NotHere(format!("{what}: {}", why.trim()));
        let output = command.output().map_err(|error| not_here(error.to_string()))?;
        let told = || String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        if output.status.success() { Ok(()) } else { Err(not_here(told())) }
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(home), "no virtual environment of Python can be made")?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
    run(&mut pip, "ministack cannot be installed")?;
    File::create(done).map_err(|error| NoServer::NotHere(error.to_string()))?;
    Ok(python)
}
