//! DynamoDB Local: Amazon's own, in Java. Its licence lets nobody hand it on, so it is only ever used where it was put.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{NoServer, Process};

const JAR: &str = "DynamoDBLocal.jar";

/// A running DynamoDB Local, all in memory. Dropped, it ends.
///
/// It listens on all addresses of the machine; it cannot be told otherwise.
#[derive(Debug)]
pub struct DynamodbLocal {
    process: Process,
}

impl DynamodbLocal {
    /// Starts the one in `place`: its folder as unpacked, or the jar in it.
    ///
    /// # Errors
    /// [`NoServer::NotHere`] without Java or the jar; [`NoServer::Broken`] when it ends at once.
    pub fn start(place: &Path) -> Result<Self, NoServer> {
        let jar = if place.is_dir() { place.join(JAR) } else { place.to_owned() };
        if !jar.is_file() {
            return Err(NoServer::NotHere(format!("no DynamoDB Local in {}: unpack it there", place.display())));
        }
        let jar = jar.canonicalize().map_err(NoServer::broken("DynamoDB Local cannot be found"))?;
        // Found on the path need not mean that it runs.
        let java = Command::new("java").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !java.is_ok_and(|status| status.success()) {
            return Err(NoServer::NotHere("DynamoDB Local needs Java: no `java` runs here".to_owned()));
        }
        let libraries = jar.with_file_name("DynamoDBLocal_lib");
        let process = Process::start(|address, folder| {
            let mut command = Command::new("java");
            command
                // It leaves a file where it is started.
                .current_dir(folder.path())
                .arg("-Xmx512m")
                .arg(format!("-Djava.library.path={}", libraries.display()))
                .arg(format!("-Djava.io.tmpdir={}", folder.path().display()))
                .arg("-jar")
                .arg(jar)
                .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &address.port().to_string()]);
            command
        })?;
        Ok(Self { process })
    }

    /// Where it is looked for under the folder `target`.
    pub fn usual_place(target: &Path) -> PathBuf {
        target.join("tools").join("dynamodb-local")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// What it has said.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Ends it; whether nothing is left.
    pub fn stop(self) -> bool {
        self.process.stop()
    }
}
