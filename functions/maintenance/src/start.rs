//! What starts a run.

use serde::Deserialize;

/// The event of a run: a schedule's own, of which nothing is needed, or `{"migrate": "status"}`, `{"seal": "status"}` from whoever looks after the installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Start {
    /// What is to be done about migrations; without it, the run maintains.
    #[serde(default)]
    pub migrate: Option<Migrate>,
    /// What is to be done about a changed key; without it, scheduled runs see to it.
    #[serde(default)]
    pub seal: Option<Seal>,
}

/// What is to be done after the installation's key was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// Tell how far it is.
    Status,
    /// Seal under the new key at once, without waiting for a day: for who knows that no process runs which does not have it.
    Now,
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
