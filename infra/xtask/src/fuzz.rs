//! `cargo xtask fuzz`: runs the targets of `infra/fuzz` with cargo-fuzz, one after the other.
//!
//! What a run finds stays in `infra/fuzz/corpus`, out of the repository; `--keep` takes the smallest inputs that reach all of it over into
//! `shared/feed/tests/corpus`, which every `cargo test -p feed` tries again.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{fs, io};

use clap::{Args, ValueEnum};

use crate::trouble::Trouble;

/// An input is no longer than this: what breaks is found in small ones, and found faster.
const LONGEST: usize = 8 * 1024;
/// A kept input is no longer than this.
const LONGEST_KEPT: usize = 1024;
/// Seconds that one input may take; the promise is under one for the largest, without the instruments.
const SECONDS_EACH: u32 = 5;
/// Megabytes that a target may take.
const MEMORY_MB: u32 = 2_048;

const AFTER: &str = "\
Needs cargo-fuzz (`cargo install cargo-fuzz --locked`) and a C++ compiler, no nightly toolchain.

Examples:
  cargo xtask fuzz                       ten minutes of each target
  cargo xtask fuzz clean --minutes 60    an hour of one
  cargo xtask fuzz --minutes 0 --keep    keep the smallest inputs that reach all that was reached

An input that breaks a promise is written to infra/fuzz/artifacts/TARGET/. Make it a case of
shared/feed/tests/cases, and try it again with `cargo xtask fuzz TARGET --try FILE`.";

/// Flags of `fuzz`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct Options {
    /// Only this one
    target: Option<Target>,
    /// How long each target runs; 0 for not at all
    #[arg(long, value_name = "N", default_value_t = 10)]
    minutes: u64,
    /// Afterwards, take the smallest inputs that reach everything over into shared/feed/tests/corpus
    #[arg(long)]
    keep: bool,
    /// Instead of a run, try this one input
    #[arg(long = "try", value_name = "FILE", requires = "target", conflicts_with_all = ["minutes", "keep"])]
    input: Option<PathBuf>,
    /// With AddressSanitizer: slower, and of use where a library has unsafe code
    #[arg(long)]
    address: bool,
}

/// What is fuzzed; `properties` of crate `feed`'s tests says what each must hold.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Target {
    /// Whole feeds
    Parse,
    /// HTML
    Clean,
    /// Dates
    Dates,
    /// Lists of feeds
    Opml,
    /// Web pages and addresses
    Discovery,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Clean => "clean",
            Self::Dates => "dates",
            Self::Opml => "opml",
            Self::Discovery => "discovery",
        }
    }
}

/// Runs what `options` ask for.
///
/// # Errors
/// [`Trouble`] at the first target that breaks.
pub(crate) fn run(options: &Options) -> Result<(), Trouble> {
    let version =
        Command::new("cargo").args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return Err(Trouble::NoCargoFuzz);
    }
    let targets = match &options.target {
        Some(target) => std::slice::from_ref(target),
        None => Target::value_variants(),
    };
    for target in targets {
        let job = Job::new(target.name(), options)?;
        match &options.input {
            Some(input) => job.run(&[input], &[])?,
            None if options.minutes > 0 => job.look(options.minutes)?,
            None => {}
        }
        if options.keep {
            job.keep()?;
        }
    }
    Ok(())
}

/// One target, and its folders.
struct Job {
    target: &'static str,
    sanitizer: &'static str,
    root: PathBuf,
    /// What was found on this machine.
    found: PathBuf,
    /// What is in the repository.
    kept: PathBuf,
}

impl Job {
    fn new(target: &'static str, options: &Options) -> Result<Self, Trouble> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let job = Self {
            target,
            sanitizer: if options.address { "address" } else { "none" },
            found: root.join("infra/fuzz/corpus").join(target),
            kept: root.join("shared/feed/tests/corpus").join(target),
            root,
        };
        for folder in [&job.found, &job.kept] {
            fs::create_dir_all(folder).map_err(|source| Trouble::Io { what: "cannot make a folder", source })?;
        }
        Ok(job)
    }

    /// Looks for inputs, beginning with those that are known.
    fn look(&self, minutes: u64) -> Result<(), Trouble> {
        let time = format!("-max_total_time={}", minutes.saturating_mul(60));
        let seeds = self.root.join("shared/feed/tests/cases");
        self.run(&[&self.found, &self.kept, &seeds], &[&time, &format!("-max_len={LONGEST}")])
    }

    /// Replaces what is kept by the smallest inputs that reach as much.
    fn keep(&self) -> Result<(), Trouble> {
        let smaller = self.kept.with_extension("new");
        let renew = || -> io::Result<()> {
            if smaller.exists() {
                fs::remove_dir_all(&smaller)?;
            }
            fs::create_dir_all(&smaller)
        };
        renew().map_err(|source| Trouble::Io { what: "cannot make a folder", source })?;
        let longest = format!("-max_len={LONGEST_KEPT}");
        self.run(&[&smaller, &self.kept, &self.found], &["-merge=1", &longest])?;
        let swap = || -> io::Result<()> {
            fs::remove_dir_all(&self.kept)?;
            fs::rename(&smaller, &self.kept)
        };
        swap().map_err(|source| Trouble::Io { what: "cannot replace what is kept", source })
    }

    /// Runs the target over `inputs`, files or folders, with flags of libFuzzer.
    fn run(&self, inputs: &[&PathBuf], flags: &[&str]) -> Result<(), Trouble> {
        let mut command = Command::new("cargo");
        command.current_dir(&self.root).args([
            "fuzz",
            "run",
            "--fuzz-dir",
            "infra/fuzz",
            "--sanitizer",
            self.sanitizer,
        ]);
        command.arg(self.target).args(inputs).arg("--").args(flags);
        command.arg(format!("-timeout={SECONDS_EACH}")).arg(format!("-rss_limit_mb={MEMORY_MB}"));
        // cargo-fuzz asks for flags of the compiler that are not stable; this lets any toolchain take them.
        let status = command.env("RUSTC_BOOTSTRAP", "1").env_remove("CARGO_TARGET_DIR").status();
        let status = status.map_err(|source| Trouble::Io { what: "cannot start cargo", source })?;
        if ExitStatus::success(&status) { Ok(()) } else { Err(Trouble::Broken { target: self.target }) }
    }
}
