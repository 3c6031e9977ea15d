//! `cargo xtask lambda`: the functions as they are deployed, how large they are, and how soon they ask for their first event. With which settings they are built,
//! `CargoLambda.toml` says.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use crate::sam::glibc;
use crate::trouble::Trouble;

const FUNCTIONS: [&str; 4] = ["api", "dispatcher", "fetcher", "maintenance"];
/// Flags of `lambda`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Build for arm64; needs zig, which `pip install ziglang` brings
    #[arg(long)]
    arm64: bool,
    /// Measure what is built already
    #[arg(long)]
    no_build: bool,
    /// Starts of each function, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 21)]
    starts: usize,
    /// Where the zip files go, one folder a function
    #[arg(long, value_name = "DIR", default_value = "target/lambda")]
    folder: PathBuf,
}

/// Builds, then measures what this machine can run.
///
/// # Errors
/// [`Trouble`] when something cannot be built or does not start.
pub(crate) fn run(options: &Options) -> Result<(), Trouble> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join(&options.folder);
    if !options.no_build {
        build(&root, &folder, options.arm64)?;
    }
    let runs_here = options.arm64 == cfg!(target_arch = "aarch64");
    let mut table = String::from(
        "| Function | zipped | binary | needs glibc | start to first /next, median |\n|---|---|---|---|---|\n",
    );
    for function in FUNCTIONS {
        let zip = folder.join(function).join("bootstrap.zip");
        let read =
            |path: &Path| fs::read(path).map_err(|source| Trouble::Io { what: "a function was not built", source });
        let binary = unpack(&zip)?;
        let start = if runs_here { millis(function, &binary, options.starts)? } else { "not run here".to_owned() };
        let (zipped, whole) = (megabytes(read(&zip)?.len()), read(&binary)?);
        let (whole, glibc) = (megabytes(whole.len()), glibc(function, &whole)?);
        table.push_str(&format!("| {function} | {zipped} | {whole} | 2.{glibc} | {start} |\n"));
    }
    let told = std::io::stdout().write_all(table.as_bytes());
    told.map_err(|source| Trouble::Io { what: "cannot tell the result", source })
}

fn build(root: &Path, folder: &Path, arm64: bool) -> Result<(), Trouble> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(root)
        .args(["lambda", "build", "--release", "--output-format", "zip", "--lambda-dir"])
        .arg(folder);
    // Without zig, for the machine that builds.
    cargo.args(if arm64 { &["--arm64"][..] } else { &["--compiler", "cargo"] });
    cargo.args(FUNCTIONS.iter().flat_map(|function| ["--bin", function]));
    let status = cargo.status().map_err(|source| Trouble::Io { what: "cannot start cargo", source })?;
    if status.success() { Ok(()) } else { Err(Trouble::NotBuilt) }
}

/// The program in a zip file, beside it.
fn unpack(zip: &Path) -> Result<PathBuf, Trouble> {
    let beside = zip.with_file_name("unpacked");
    let mut unzip = Command::new("python3");
    unzip.args(["-m", "zipfile", "-e"]).arg(zip).arg(&beside);
    let failed =
        |source| Trouble::Io { what: "cannot unpack a zip file: python3 is needed, and the functions built", source };
    let status = unzip.status().map_err(failed)?;
    let binary = beside.join("bootstrap");
    if !status.success() {
        return Err(failed(std::io::ErrorKind::NotFound.into()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    Ok(binary)
}

/// Milliseconds from starting the process to its first request for an event: the median, and the fastest.
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn millis(function: &'static str, binary: &Path, starts: usize) -> Result<String, Trouble> {
    let failed = |source| Trouble::Io { what: "cannot play the runtime API", source };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let api = listener.local_addr().map_err(failed)?.to_string();
    let mut times = Vec::new();
    for _ in 0..starts.max(1) {
        let begun = Instant::now();
        let mut process = start(binary, &api).map_err(failed)?;
        let asked = asks(&listener, &mut process);
        let time = begun.elapsed();
        drop(process.kill());
        process.wait().map_err(failed)?;
        if !asked.map_err(failed)? {
            return Err(Trouble::NeverAsked { function });
        }
        times.push(time);
    }
    times.sort_unstable();
    let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    Ok(format!("{} (fastest {})", shown(times[times.len() / 2]), shown(times[0])))
}

/// A function with everything that the platform and the template set, pointing nowhere.
fn start(binary: &Path, api: &str) -> std::io::Result<Child> {
    let nowhere = "http://127.0.0.1:9";
    let mut function = Command::new(binary);
    function.env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    function.env("AWS_LAMBDA_RUNTIME_API", api).env("AWS_REGION", "eu-central-1");
    // Some look at the store before they ask for their first event.
    function.env("AWS_ENDPOINT_URL", format!("http://{api}"));
    for name in ["NAME", "VERSION", "LOG_GROUP_NAME", "LOG_STREAM_NAME"] {
        let name =
            if name.starts_with("LOG") { format!("AWS_LAMBDA_{name}") } else { format!("AWS_LAMBDA_FUNCTION_{name}") };
        function.env(name, "measured");
    }
    function
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "x");
    for queue in ["FETCH", "FETCH_SLOW", "TASKS"] {
        function.env(format!("FEEDMILL_{queue}_QUEUE_URL"), nowhere);
    }
    function.env("FEEDMILL_BUCKET", "measured").env("FEEDMILL_KEY_PARAMETER", "/x/key").spawn()
}

/// What the store answers who looks for its stamp at the start: there is none yet.
const NOTHING: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

/// Whether the function asks for an event, before it ends.
fn asks(listener: &TcpListener, process: &mut Child) -> std::io::Result<bool> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nonblocking(false)?;
                let mut request = [0; 8192];
                let read = stream.read(&mut request)?;
                if request[..read].starts_with(b"GET /2018-06-01/runtime/invocation/next") {
                    return Ok(true);
                }
                stream.write_all(NOTHING)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if process.try_wait()?.is_some() {
                    return Ok(false);
                }
                std::thread::park_timeout(Duration::from_micros(100));
            }
            Err(error) => return Err(error),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size to show")]
pub(crate) fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
