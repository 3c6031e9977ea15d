//! `cargo xtask sam`: `sam build`, and whether Lambda can run what it built. With which settings, `CargoLambda.toml` says.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::lambda::megabytes;
use crate::trouble::Trouble;

/// Where `sam build` puts the functions, by their names in the template; both lanes of the fetcher are one program, which it builds once.
const FUNCTIONS: [&str; 4] = ["Api", "Dispatcher", "Fetcher-Shared", "Maintenance"];
/// Minor version of the C library of `provided.al2023`, 2.34: what needs a newer one does not start there.
const GLIBC: u32 = 34;

/// Flags of `sam`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Build for arm64, as the template does by default; needs zig, which `pip install ziglang` brings
    #[arg(long)]
    arm64: bool,
    /// Where `sam deploy` finds it: the default is where it looks
    #[arg(long, value_name = "DIR", default_value = "infra/.aws-sam/build")]
    folder: PathBuf,
}

/// Builds, then looks at what was built.
///
/// # Errors
/// [`Trouble`] when something cannot be built, or could not run.
pub(crate) fn run(options: &Options) -> Result<(), Trouble> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join(&options.folder);
    let architecture = if options.arm64 { "arm64" } else { "x86_64" };
    let mut sam = Command::new("sam");
    sam.current_dir(root.join("infra")).args(["build", "--beta-features", "--template-file", "template.yaml"]);
    sam.arg("--build-dir").arg(&folder);
    sam.args(["--parameter-overrides", &format!("Architecture={architecture}")]);
    sam.env("SAM_CLI_TELEMETRY", "0");
    if !options.arm64 {
        // Without zig, for the machine that builds.
        sam.env("CARGO_LAMBDA_COMPILER", "cargo");
    }
    let failed = |source| Trouble::Io { what: "cannot start sam: `pip install aws-sam-cli`", source };
    if !sam.status().map_err(failed)?.success() {
        return Err(Trouble::NotBuilt);
    }
    let mut table = format!("| Function, {architecture} | binary | needs glibc |\n|---|---|---|\n");
    for function in FUNCTIONS {
        let binary = fs::read(folder.join(function).join("bootstrap"))
            .map_err(|source| Trouble::Io { what: "a function was not built", source })?;
        let glibc = glibc(function, &binary)?;
        table.push_str(&format!("| {function} | {} | 2.{glibc} |\n", megabytes(binary.len())));
    }
    let told = std::io::stdout().write_all(table.as_bytes());
    told.map_err(|source| Trouble::Io { what: "cannot tell the result", source })
}

/// The minor version of the C library, 2.x, that a program needs.
///
/// # Errors
/// [`Trouble::TooNew`] when Lambda has none so new.
pub(crate) fn glibc(function: &'static str, binary: &[u8]) -> Result<u32, Trouble> {
    const NAME: &[u8] = b"GLIBC_2.";
    let at = |start: usize| {
        let digits = binary[start..].iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold(0_u32, |number, digit| number.saturating_mul(10).saturating_add(u32::from(digit - b'0')))
    };
    let found = binary.windows(NAME.len()).enumerate().filter(|(_, bytes)| *bytes == NAME);
    let newest = found.map(|(start, _)| at(start + NAME.len())).max().unwrap_or(0);
    if newest > GLIBC { Err(Trouble::TooNew { function, newest }) } else { Ok(newest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_needs_a_newer_c_library_than_lambda_has_is_refused() {
        assert_eq!(glibc("Api", b"..GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0").unwrap(), 34);
        assert_eq!(glibc("Api", b"linked statically").unwrap(), 0);
        let refused = glibc("Api", b"GLIBC_2.34\0GLIBC_2.39\0").unwrap_err();
        assert!(refused.to_string().starts_with("Api needs glibc 2.39, but Lambda has 2.34"), "{refused}");
    }
}
