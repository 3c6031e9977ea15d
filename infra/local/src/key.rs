//! `feedmill key`: the installation's key, to be kept somewhere safe, and changed when somebody else may have it.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use boot::clock::Clock;
use domain::account::OperatorSecret;
use domain::id::{BadKey, InstallationKey, SystemEntropy};
use maintenance::{Answer, Seal, Sealing, Start};
use zeroize::Zeroizing;

use crate::cli::people::{BackupArgs, FingerprintArgs, KeyCommand, OperatorSecretArgs, RotateArgs};
use crate::data::key_file;
use crate::idle::Idle;
use crate::show::say;
use crate::trouble::Trouble;

/// More than a key has.
const KEY_LIMIT: u64 = 1_024;

/// Does what was asked for.
///
/// # Errors
/// [`Trouble`] when the key cannot be read, or its copy not be made.
pub async fn key(command: &KeyCommand, clock: Clock) -> Result<(), Trouble> {
    match command {
        KeyCommand::Rotate(RotateArgs { key_file: Some(file), .. }) => say(&added(&of_file(file)?)?.to_text()),
        KeyCommand::Rotate(args) => rotate(args, clock).await,
        KeyCommand::Retire(args) => say(&of_file(&args.key_file)?.settled().to_text()),
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
        Some(file) => of_file(file)?,
    };
    say(OperatorSecret::of(&key).expose())
}

/// The key in a file, or with `-` on standard input.
fn of_file(file: &Path) -> Result<InstallationKey, Trouble> {
    if file != Path::new("-") {
        return boot::key::load(file).map_err(|error| Trouble::Failed(error.to_string()));
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(KEY_LIMIT).read_to_string(&mut text)?;
    text.trim().parse().map_err(|bad: BadKey| Trouble::Failed(bad.to_string()))
}

fn added(key: &InstallationKey) -> Result<InstallationKey, Trouble> {
    let full = "this key was changed as often as one can be: first drop what it does not need any more, with `feedmill key retire`";
    key.changed(&mut SystemEntropy).ok_or_else(|| Trouble::Failed(full.to_owned()))
}

/// First the key has its new secret, then all comes under it, then it loses the one before: stopped anywhere, the key opens all there is, and the
/// same command goes on.
async fn rotate(args: &RotateArgs, clock: Clock) -> Result<(), Trouble> {
    // Before the folder is opened: where there is no key, none is made.
    read(&args.data.data)?;
    let idle = Idle::open(&args.data.data, clock).await?;
    let done = rotate_in(&idle).await;
    idle.close().await;
    let sealing = done?;
    let flag = args.data.flag();
    say(&format!(
        "The key was changed: {} sealed again, and the operator shows another secret. Its fingerprint stays, and so do ids and links.\nCopies from before are not enough any more: make a new one with `feedmill key backup FILE{flag}`",
        counted(sealing.resealed)
    ))?;
    match sealing.failed {
        0 => Ok(()),
        failed => Err(Trouble::Failed(format!("{} could not be opened, with no key: add them again", counted(failed)))),
    }
}

fn counted(sources: u64) -> String {
    if sources == 1 { "1 private source".to_owned() } else { format!("{sources} private sources") }
}

async fn rotate_in(idle: &Idle) -> Result<Sealing, Trouble> {
    let file = idle.data().key_file();
    let failed = |error: boot::key::KeyError| Trouble::Failed(error.to_string());
    let key = boot::key::load(&file).map_err(failed)?;
    // What an earlier change has not ended is ended instead.
    if seal(idle, Seal::Status).await?.done && key.is_settled() {
        boot::key::replace(&file, &added(&key)?).map_err(failed)?;
    }
    let mut all = Sealing::default();
    while !all.done {
        let more = seal(idle, Seal::Now).await?;
        if more.held {
            return Err(Trouble::Failed("an earlier run is still at it: try again in five minutes".to_owned()));
        }
        all = Sealing { resealed: all.resealed + more.resealed, failed: all.failed + more.failed, ..more };
    }
    let key = boot::key::load(&file).map_err(failed)?;
    boot::key::replace(&file, &key.settled()).map_err(failed)?;
    Ok(all)
}

async fn seal(idle: &Idle, what: Seal) -> Result<Sealing, Trouble> {
    match idle.ask(Start { seal: Some(what), ..Start::default() }).await? {
        Answer::Sealed(sealing) => Ok(sealing),
        Answer::Maintained(_) | Answer::Migrated(_) => Err(Trouble::Failed("maintenance said nothing".to_owned())),
    }
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

fn read(data: &Path) -> Result<InstallationKey, Trouble> {
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
