//! How a function ends that cannot start.

use std::error::Error;
use std::fmt;

use crate::logs::causes;

/// Why a process stops at its start. `main` may return it for any error: what is printed is one sentence with its causes, as the error's
/// own `Display` says it.
pub struct Stopped(Box<dyn Error + Send + Sync>);

impl Stopped {
    /// For errors that have lost their type.
    pub fn by(error: Box<dyn Error + Send + Sync>) -> Self {
        Self(error)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

/// What `main` prints, behind `Error: `.
impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&causes(&*self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, Vars};

    #[test]
    fn what_stops_a_function_is_one_sentence() {
        let start = || -> Result<Settings, Stopped> { Ok(Settings::from_vars(&Vars::default())?) };
        let said = format!("{:?}", start().unwrap_err());
        assert_eq!(said, "setting FEEDMILL_FETCH_QUEUE_URL is missing: the URL of the SQS queue");
    }
}
