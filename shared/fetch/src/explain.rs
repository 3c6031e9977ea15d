//! From what the HTTP client reports to what went wrong.

use std::error::Error;
use std::io;

use crate::error::FetchError;
use crate::resolver::{OnlyPrivate, Unresolved};

/// Finds the reason in what the HTTP client reports.
pub(crate) fn explain(error: reqwest::Error, host: String, redirected: bool) -> FetchError {
    let error = error.without_url();
    if let Some(OnlyPrivate { ip }) = cause::<OnlyPrivate>(&error) {
        return FetchError::NotPublic { host, ip: Some(*ip), redirected };
    }
    let (unresolved, tls) = (cause::<Unresolved>(&error).is_some(), cause::<rustls::Error>(&error).is_some());
    let (connect, source) = (error.is_connect(), error.into());
    match () {
        () if unresolved => FetchError::Dns { host, source },
        () if tls => FetchError::Tls { host, source },
        () if connect => FetchError::Connect { host, source },
        () => FetchError::Protocol { host, source },
    }
}

/// The first error of type `E` in the chain. `io::Error` hides what it wraps from `source`, so it is opened.
fn cause<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
