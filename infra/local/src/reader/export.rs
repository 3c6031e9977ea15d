//! `feedmill export`.

use std::io::Write as _;

use http::Method;

use super::{account, person};
use crate::cli::reading::{ExportArgs, Format};
use crate::client::JSON;
use crate::trouble::Trouble;

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
        Some(file) => std::fs::write(file, &bytes)
            .map_err(|error| Trouble::failed(format!("cannot write {}", file.display()), &error)),
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes)?;
            Ok(out.flush()?)
        }
    }
}
