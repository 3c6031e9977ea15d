//! The command line about people, and about the key: words, bounds and help.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DataArgs;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account; asks for the password
    Add(AddUserArgs),
    /// List all users, oldest account first
    List(ListUsersArgs),
    /// Make an invitation: whoever has it may register once, within seven days
    Invite(InviteArgs),
    /// Make a way back for one who forgot the password, good for a day
    Reset(OneUserArgs),
    /// Delete a user and all that is theirs; sources that others subscribe to stay
    Delete(DeleteUserArgs),
    /// Make a token, by which a program acts for a user until it is revoked
    Token(TokenArgs),
    /// Make a user an administrator
    Promote(OneUserArgs),
    /// Make an administrator a member again
    Demote(OneUserArgs),
}

/// Flags of `user add`.
#[derive(Debug, Clone, Args)]
pub struct AddUserArgs {
    /// The address, by which the user signs in
    pub email: String,
    /// Make an administrator: the first one of this installation, or a further one
    #[arg(long)]
    pub admin: bool,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Where a password comes from, if nobody is to be asked for it.
#[derive(Debug, Clone, Copy, Args)]
pub struct PasswordArgs {
    /// Read the password from standard input, one line
    #[arg(long, conflicts_with = "generate")]
    pub password_stdin: bool,
    /// Make a password up, and print it once
    #[arg(long)]
    pub generate: bool,
}

/// Flags of `user list`.
#[derive(Debug, Clone, Args)]
pub struct ListUsersArgs {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `user invite`.
#[derive(Debug, Clone, Args)]
pub struct InviteArgs {
    /// The administrator who invites, if there are several: address or id
    #[arg(long = "as", value_name = "USER")]
    pub inviter: Option<String>,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of what concerns one user.
#[derive(Debug, Clone, Args)]
pub struct OneUserArgs {
    /// The user: address or id
    pub user: String,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `user delete`.
#[derive(Debug, Clone, Args)]
pub struct DeleteUserArgs {
    /// The user: address or id
    pub user: String,
    /// Do not ask again
    #[arg(long)]
    pub yes: bool,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Flags of `user token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// The user: address or id
    pub user: String,
    /// What the token is called, for example after its program
    pub name: String,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What to do with the installation's key.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Copy the key to a new file, or with `-` to standard output: without it, links to posts and what is stored sealed are lost
    Backup(BackupArgs),
    /// Show what tells this key from others, and says nothing about it
    ShowFingerprint(FingerprintArgs),
    /// Change the key: what is stored sealed comes under a new secret, and the operator shows another one; ids and links stay. Run it while Feedmill is stopped
    Rotate(RotateArgs),
    /// Print a key without the secrets that nothing needs any more, where Feedmill runs in the cloud and all is sealed under the newest
    Retire(RetireArgs),
    /// Print what the holder of a key shows the API: for `Authorization: Operator …`, where Feedmill runs in the cloud
    OperatorSecret(OperatorSecretArgs),
}

/// Flags of `key rotate`.
#[derive(Debug, Clone, Args)]
pub struct RotateArgs {
    /// Change no folder, but print how the key in this file, or with `-` on standard input, becomes: where Feedmill runs in the cloud
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Flags of `key retire`.
#[derive(Debug, Clone, Args)]
pub struct RetireArgs {
    /// The key: a file, or with `-` standard input
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
}

/// Flags of `key operator-secret`.
#[derive(Debug, Clone, Args)]
pub struct OperatorSecretArgs {
    /// Take the key from this file, or with `-` from standard input, instead of from the data folder
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Flags of `key backup`.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// The file to make, or `-`
    pub file: PathBuf,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Flags of `key show-fingerprint`.
#[derive(Debug, Clone, Args)]
pub struct FingerprintArgs {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
}
