//! A function's program, run as Lambda runs it.

use std::io;
use std::process::{Child, Command};
use std::time::Duration;

use super::{Answer, Event, Runtime};
use crate::StartError;

/// How often to look whether a program still runs.
const LOOK: Duration = Duration::from_millis(50);

/// A program under way as a function.
pub struct Program {
    runtime: Runtime,
    process: Child,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The runtime API has no port.
    #[error(transparent)]
    NoPort(#[from] StartError),
    /// There is no such program, or it may not be run.
    #[error("the program cannot be started: build it first")]
    NotStarted(#[source] io::Error),
    /// It ended.
    #[error("the program ended instead of answering ({0})")]
    Died(String),
}

impl Program {
    /// Starts `program`, which has its settings in its environment, with what Lambda itself sets.
    ///
    /// # Errors
    /// [`ProgramError::NoPort`], [`ProgramError::NotStarted`].
    pub fn start(mut program: Command) -> Result<Self, ProgramError> {
        let runtime = Runtime::start()?;
        program.env("AWS_LAMBDA_RUNTIME_API", runtime.address().to_string());
        for name in ["FUNCTION_NAME", "FUNCTION_VERSION", "LOG_GROUP_NAME", "LOG_STREAM_NAME"] {
            program.env(format!("AWS_LAMBDA_{name}"), "tried");
        }
        program.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256");
        Ok(Self { runtime, process: program.spawn().map_err(ProgramError::NotStarted)? })
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Hands it an event, and waits for what it makes of it.
    ///
    /// # Errors
    /// [`ProgramError::Died`].
    pub async fn invoke(&mut self, event: Event) -> Result<Answer, ProgramError> {
        let mut look = tokio::time::interval(LOOK);
        let answer = self.runtime.invoke(event);
        tokio::pin!(answer);
        loop {
            tokio::select! {
                answer = &mut answer => return answer.ok_or_else(|| ProgramError::Died("nobody listens to it".to_owned())),
                _ = look.tick() => match self.process.try_wait() {
                    Ok(None) => {}
                    Ok(Some(status)) => return Err(ProgramError::Died(status.to_string())),
                    Err(error) => return Err(ProgramError::Died(error.to_string())),
                },
            }
        }
    }

    /// Ends it, as the platform does.
    pub async fn stop(mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
        self.runtime.stop().await;
    }
}
