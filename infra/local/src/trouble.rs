//! What went wrong, as one sentence for people and an exit code for programs.

use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;

/// Why a command ended early. Its text is one sentence, with what to do where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// What was asked for was refused or failed.
    #[error("{0}")]
    Failed(String),
    /// The API refused, for a reason with a stable word.
    #[error("{detail}")]
    Refused {
        /// The word.
        code: String,
        /// The API's sentence.
        detail: String,
    },
    /// The command needs a running Feedmill and there is none.
    #[error("{0}")]
    NotRunning(String),
    /// Feedmill cannot start.
    #[error("{0}")]
    CannotStart(String),
    /// Nobody reads what is printed (`| head`): no trouble at all.
    #[error("standard output was closed")]
    Closed,
}

impl Trouble {
    /// A failure with all its causes in one line.
    pub fn failed(what: impl Display, error: &(dyn Error + 'static)) -> Self {
        Self::Failed(format!("{what}: {}", boot::logs::causes(error)))
    }

    /// A start that failed, with all its causes in one line.
    pub fn cannot_start(what: impl Display, error: &(dyn Error + 'static)) -> Self {
        Self::CannotStart(format!("{what}: {}", boot::logs::causes(error)))
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Closed => ExitCode::SUCCESS,
            Self::Failed(_) | Self::Refused { .. } => ExitCode::from(1),
            Self::NotRunning(_) => ExitCode::from(2),
            Self::CannotStart(_) => ExitCode::from(3),
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error.to_string()),
        }
    }
}
