//! `feedmill export`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use http::Method;

use super::{account, person};
use crate::cli::reading::{ExportArgs, Format};
use crate::client::JSON;
use crate::trouble::Trouble;

/// A file that is there is left alone unless `force` says so.
fn write(file: &Path, bytes: &[u8], force: bool) -> Result<(), Trouble> {
    let mut options = OpenOptions::new();
    options.write(true);
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    let written = options.open(file).and_then(|mut out| out.write_all(bytes));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Trouble::Failed(format!("{} is there already; --force writes over it", file.display()))
        }
        _ => Trouble::failed(format!("cannot write {}", file.display()), &error),
    })
}

/// Writes out a list of feeds or an account.
///
/// # Errors
/// [`Trouble`] when the API refuses or the file cannot be written.
pub async fn export(args: &ExportArgs) -> Result<(), Trouble> {
    let client = person(args.user.as_deref(), &args.data).await?;
    let bytes = match args.format {
        Format::Opml => client.fetch(Method::GET, "/v1/opml", JSON, Vec::new()).await?.1.to_vec(),
        Format::Json => account::exported(&client).await?,
    };
    match &args.output {
        Some(file) => write(file, &bytes, args.force),
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes)?;
            Ok(out.flush()?)
        }
    }
}
