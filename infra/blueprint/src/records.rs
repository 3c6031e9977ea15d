//! What functions did in tests, kept beside what was built, so that tests in many processes add up.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::needs::Need;

/// What one function did.
pub type Used = BTreeSet<Need>;

/// Where it is kept: `target/permissions`, found from the program that runs.
fn folder() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let built = program.ancestors().find(|folder| folder.join(".rustc_info.json").exists())?;
    Some(built.join("permissions"))
}

/// Takes note of it. A note that cannot be written is none: who reads the notes then says what is missing.
pub(crate) fn note(function: &str, need: &Need) {
    let Some(folder) = folder().map(|folder| folder.join(function)) else { return };
    let file = folder.join(format!("{} {}", need.action, short(&need.resource).replace('/', ":")));
    if !file.exists() {
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(file, []));
        drop(written);
    }
}

/// Every object of a folder is one resource.
fn short(resource: &str) -> String {
    match resource.split_once('/') {
        Some(("Blobs", key)) => format!("Blobs/{}/", key.split('/').next().unwrap_or_default()),
        _ => resource.to_owned(),
    }
}

/// What `function` did since the last [`forget`].
///
/// # Errors
/// When the notes cannot be read, or there are none.
pub fn used(function: &str) -> io::Result<Used> {
    let folder = folder().ok_or(io::ErrorKind::NotFound)?.join(function);
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let names = fs::read_dir(&folder)?.map(name).collect::<io::Result<Vec<String>>>()?;
    let need = |name: &String| {
        let (action, resource) = name.split_once(' ')?;
        Some(Need { action: action.to_owned(), resource: resource.replace(':', "/") })
    };
    Ok(names.iter().filter_map(need).collect())
}

/// Forgets everything.
///
/// # Errors
/// When the notes cannot be removed.
pub fn forget() -> io::Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    remove(&folder)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
