//! `feedmill key`: the installation's key, to be kept somewhere safe. Nothing need run for it.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use domain::account::OperatorSecret;
use domain::id::BadKey;
use zeroize::Zeroizing;

use crate::cli::people::{BackupArgs, FingerprintArgs, KeyCommand, OperatorSecretArgs};
use crate::data::key_file;
use crate::show::say;
use crate::trouble::Trouble;

/// More than a key has.
const KEY_LIMIT: u64 = 1_024;

/// Does what was asked for.
///
/// # Errors
/// [`Trouble`] when the key cannot be read, or its copy not be made.
pub fn key(command: &KeyCommand) -> Result<(), Trouble> {
    match command {
        KeyCommand::Backup(args) => backup(args),
        KeyCommand::ShowFingerprint(args) => fingerprint(args),
        KeyCommand::OperatorSecret(args) => operator_secret(args),
    }
}

fn fingerprint(args: &FingerprintArgs) -> Result<(), Trouble> {
    say(&read(&args.data.data)?.fingerprint())
}

fn operator_secret(args: &OperatorSecretArgs) -> Result<(), Trouble> {
    let key = match &args.key_file {
        None => read(&args.data.data)?,
        Some(file) if file == Path::new("-") => {
            let mut text = Zeroizing::new(String::new());
            std::io::stdin().lock().take(KEY_LIMIT).read_to_string(&mut text)?;
            text.trim().parse().map_err(|bad: BadKey| Trouble::Failed(bad.to_string()))?
        }
        Some(file) => boot::key::load(file).map_err(|error| Trouble::Failed(error.to_string()))?,
    };
    say(OperatorSecret::of(&key).expose())
}

fn backup(args: &BackupArgs) -> Result<(), Trouble> {
    let key = read(&args.data.data)?;
    if args.file == Path::new("-") {
        return say(&key.to_text());
    }
    let (shown, flag) = (args.file.display(), args.data.flag());
    let mut file = private(&args.file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Trouble::Failed(format!("{shown} is there already, and nothing is overwritten: choose another name"))
        }
        _ => Trouble::Failed(format!("cannot make {shown}: {error}")),
    })?;
    let write = |file: &mut File| writeln!(file, "{}", key.to_text()).and_then(|()| file.sync_all());
    write(&mut file).map_err(|error| Trouble::Failed(format!("cannot write {shown}: {error}")))?;
    say(&format!(
        "{shown} holds the key with the fingerprint {}. Keep it where the data is not; who has it has everything.\nTo restore, stop Feedmill and put it back as the file {} (see also: feedmill key show-fingerprint{flag})",
        key.fingerprint(),
        key_file(&args.data.data).display()
    ))
}

fn read(data: &Path) -> Result<domain::id::InstallationKey, Trouble> {
    boot::key::load(&key_file(data)).map_err(|error| Trouble::Failed(error.to_string()))
}

/// A new file that only its owner can read.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
