//! ministack as a process that does not outlive its test, and the script that operates it.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What is installed; the second reads SAM's dialect of CloudFormation.
const PACKAGES: [&str; 2] = ["ministack==1.5.33", "aws-sam-translator==1.115.0"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/system/deployed/cloud.py");

/// Why there is no emulator here.
pub(crate) struct Skipped(pub(crate) String);

/// A running emulator. Dropped, it ends with all that it started.
pub(crate) struct Cloud {
    python: PathBuf,
    address: SocketAddr,
    process: Child,
    folder: tempfile::TempDir,
}

/// `target`, and within it the folder of this build.
fn built() -> (PathBuf, PathBuf) {
    let program = std::env::current_exe().unwrap();
    let profile = program.parent().unwrap().parent().unwrap().to_owned();
    (profile.parent().unwrap().to_owned(), profile)
}

/// Builds the functions as this test was built; where they are.
pub(crate) fn programs() -> PathBuf {
    let profile = built().1;
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
        let home = built().0.join("ministack");
        let python = install(&home)?;
        let folder = tempfile::tempdir().unwrap();
        // The port is free until someone else asks for one.
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(home.join("bin/ministack"));
        command
            .env("GATEWAY_PORT", address.port().to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            // Permissions are checked: a call that a role does not allow is refused.
            .env("AUTH", "true")
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        let process = command.spawn().map_err(|error| Skipped(format!("ministack does not start: {error}")))?;
        let mut cloud = Self { python, address, process, folder };
        cloud.wait_until_it_answers();
        Ok(cloud)
    }

    fn wait_until_it_answers(&mut self) {
        while TcpStream::connect(self.address).is_err() {
            assert!(self.process.try_wait().unwrap().is_none(), "ministack has ended: {}", self.log());
            std::thread::park_timeout(std::time::Duration::from_millis(100));
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A command of the script; what it answers.
    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Value {
        let mut script = Command::new(&self.python);
        script.arg(SCRIPT).arg(format!("http://{}", self.address)).arg(command).args(arguments);
        let done = script.output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{command} {arguments:?}: {told}\n{}", self.log());
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Ends it with all that it started; whether nothing is left.
    pub(crate) fn stop(mut self) -> bool {
        self.end();
        let group = format!("-{}", self.process.id());
        !signal("-0", &group)
    }

    fn end(&mut self) {
        let group = format!("-{}", self.process.id());
        signal("-KILL", &group);
        self.process.wait().unwrap();
        // Functions are its children, not ours: they are gone when the group is.
        for _ in 0..50 {
            if !signal("-0", &group) {
                break;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(100));
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.end();
        }
    }
}

/// Whether there was someone to get it.
fn signal(name: &str, group: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([name, "--", group]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The Python of the virtual environment.
fn install(home: &Path) -> Result<PathBuf, Skipped> {
    let (python, done) = (home.join("bin/python"), home.join(PACKAGES.join("+")));
    if done.exists() {
        return Ok(python);
    }
    let run = |command: &mut Command, what: &str| {
        let skipped = |why: String| Skipped(format!("{what}: {}", why.trim()));
        let output = command.output().map_err(|error| skipped(error.to_string()))?;
        let told = || String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        if output.status.success() { Ok(()) } else { Err(skipped(told())) }
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(home), "no virtual environment of Python can be made")?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
    run(&mut pip, "ministack cannot be installed")?;
    File::create(done).map_err(|error| Skipped(error.to_string()))?;
    Ok(python)
}
