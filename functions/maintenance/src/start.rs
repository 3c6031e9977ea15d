//! What starts a run.

use serde::Deserialize;

/// The event of a run: a schedule's own, of which nothing is needed, or `{"migrate": "status"}` from whoever looks after the installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Start {
    /// What is to be done about migrations; without it, the run maintains.
    #[serde(default)]
    pub migrate: Option<Migrate>,
}

/// What is to be done about migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Migrate {
    /// Tell which there are and how far they are.
    Status,
    /// Tell what they would change, and change nothing.
    DryRun,
    /// Run them, or go on.
    Run,
}
