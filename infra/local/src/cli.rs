//! The command line: words, bounds and help. What they do is in [`crate::run`].

pub mod people;
pub mod reading;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, value_parser};
use domain::account::Registration;
use url::Url;

/// The default data folder, in the current folder.
pub const DEFAULT_DATA: &str = ".feedmill";
/// The default address of the API.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:4180";

const EXAMPLES: &str = "\
Examples:
  feedmill                                  start it; data in ./.feedmill
  feedmill demo                             see it work, without the internet
  feedmill user add --admin me@example.org  make the first account (in a second terminal)
  feedmill add https://example.org          subscribe to a site's feed
  feedmill import feeds.opml                take in a list of feeds
  feedmill posts --unread                   what there is to read
  feedmill jobs --follow                    watch what happens
  feedmill parse https://example.org/feed   what Feedmill sees in a feed

Exit codes:
  0  done
  1  it was refused or failed; the reason is on standard error
  2  wrong usage, or the command needs a running Feedmill and there is none
  3  cannot start: the port or the data folder is in use, or of another version";

/// Polls feeds politely, keeps their posts and serves them: here on one machine.
#[derive(Debug, Parser)]
#[command(name = "feedmill", version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `up` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of `up`, for when nothing is said.
    #[command(flatten)]
    pub up: UpArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start Feedmill: API, dispatcher and fetchers in one process (the default)
    Up(UpArgs),
    /// Subscribe to a feed, by its address or its site's
    #[command(after_help = reading::ADD_EXAMPLES)]
    Add(reading::AddArgs),
    /// Take in a list of feeds (OPML), or a whole account (JSON)
    #[command(after_help = reading::IMPORT_EXAMPLES)]
    Import(reading::ImportArgs),
    /// Write out a list of feeds (OPML), or a whole account (JSON)
    #[command(after_help = reading::EXPORT_EXAMPLES)]
    Export(reading::ExportArgs),
    /// List subscriptions, with unread posts and folders
    Subscriptions(reading::SubscriptionsArgs),
    /// End a subscription
    Unsubscribe(reading::UnsubscribeArgs),
    /// List posts, newest first
    #[command(after_help = reading::POSTS_EXAMPLES)]
    Posts(reading::PostsArgs),
    /// Mark posts read
    #[command(after_help = reading::READ_EXAMPLES)]
    Read(reading::ReadArgs),
    /// Put a star on posts: they are kept
    Star(reading::StarArgs),
    /// List the sources, with state and next fetch
    Sources(ListArgs),
    /// List jobs: the last of each source, or the history of one
    Jobs(JobsArgs),
    /// Show how polling goes: successes, fetch times, what waits; of all sources or of one
    Stats(StatsArgs),
    /// Show migrations of what is stored, or run them; while Feedmill is stopped
    Migrate(MigrateArgs),
    /// Show what Feedmill sees in feeds, as JSON; needs nothing running
    Parse(ParseArgs),
    /// Look after users: add, list, invite, reset, delete, token, promote, demote
    #[command(subcommand)]
    User(people::UserCommand),
    /// Look after the installation's key: back it up, change it, show its fingerprint
    #[command(subcommand)]
    Key(people::KeyCommand),
    /// Watch Feedmill poll a bundled set of sample feeds, good and bad, without the internet
    Demo(DemoArgs),
    /// Run only the AWS servers (DynamoDB, SQS, S3) for functions started elsewhere, e.g. by `cargo lambda watch`
    Emulate(EmulateArgs),
}

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// The folder that holds everything Feedmill knows; one process has it at a time
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    pub data: PathBuf,
}

impl DataArgs {
    /// What to put behind `feedmill <command>` to speak of the same folder.
    pub fn flag(&self) -> String {
        if self.data == Path::new(DEFAULT_DATA) { String::new() } else { format!(" --data {}", self.data.display()) }
    }
}

/// Flags of `up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address and port of the API; loopback only, since passwords go over plain HTTP
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_LISTEN)]
    pub listen: SocketAddr,
    /// Who may make an account: open, invitation or closed
    #[arg(long, value_name = "WAY", default_value = "invitation")]
    pub registration: Registration,
    /// Also poll addresses that are not public, on any port: for feeds in your own network
    #[arg(long)]
    pub allow_private_networks: bool,
    /// Play a minute of the schedule in this many seconds; floors and periods shrink with it
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u64).range(1..=60))]
    pub tick: u64,
    /// Poll no source more often than this, in minutes of the schedule
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = value_parser!(u32).range(15..=1440))]
    pub min_interval: u32,
    /// Let the web pages of this origin use the API, each with a token of its user's; may be said several times
    #[arg(long, value_name = "ORIGIN", value_parser = boot::settings::origin)]
    pub cors_origin: Vec<String>,
}

/// Flags of `sources`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `jobs`.
#[derive(Debug, Clone, Args)]
pub struct JobsArgs {
    /// A source's id, as `feedmill sources` shows it
    pub source: Option<String>,
    /// Go on and show what happens; Ctrl-C ends it
    #[arg(long, short)]
    pub follow: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON (with --follow: one object a line)
    #[arg(long)]
    pub json: bool,
}

/// Flags of `stats`.
#[derive(Debug, Clone, Args)]
pub struct StatsArgs {
    /// A source's id, as `feedmill sources` shows it
    pub source: Option<String>,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `migrate`.
#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    /// What to do
    #[command(subcommand)]
    pub what: MigrateCommand,
}

/// What to do about migrations.
#[derive(Debug, Clone, Subcommand)]
pub enum MigrateCommand {
    /// List them, with how far they are
    Status(MigrateOptions),
    /// Run those that are not done; stopped anywhere, it goes on there
    Run(MigrateRunArgs),
}

/// Flags of both.
#[derive(Debug, Clone, Args)]
pub struct MigrateOptions {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `migrate run`.
#[derive(Debug, Clone, Args)]
pub struct MigrateRunArgs {
    /// Only tell what would change
    #[arg(long)]
    pub dry_run: bool,
    /// The others.
    #[command(flatten)]
    pub options: MigrateOptions,
}

/// Flags of `parse`.
#[derive(Debug, Clone, Args)]
pub struct ParseArgs {
    /// Files, http(s) addresses, or `-` for standard input; of many, each is a line of JSON that names its `file`
    #[arg(required = true, value_name = "FILE|URL|-")]
    pub feeds: Vec<String>,
    /// Read it as if the server had sent this, for example `text/xml; charset=koi8-r`
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
    /// What its relative links are relative to, if not the address that it came from
    #[arg(long, value_name = "URL")]
    pub base: Option<Url>,
    /// How many are read at once; as many as there are processors if not given
    #[arg(long, value_name = "COUNT")]
    pub jobs: Option<NonZeroUsize>,
    /// Also fetch from addresses that are not public
    #[arg(long)]
    pub allow_private_networks: bool,
}

/// Flags of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Keep the data in this folder; otherwise it is gone afterwards
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address and port of the API; a free port if not given
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Play a minute of the schedule in this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = value_parser!(u64).range(1..=60))]
    pub tick: u64,
    /// Stop by itself after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    pub seconds: Option<u64>,
}

/// Flags of `emulate`.
#[derive(Debug, Clone, Args)]
pub struct EmulateArgs {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// The port of the one endpoint that answers for all three services
    #[arg(long, value_name = "PORT", default_value_t = 4566)]
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_said_means_up() {
        let cli = Cli::try_parse_from(["feedmill", "--tick", "1"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.up.tick, 1);
        assert!(cli.up.listen.ip().is_loopback());
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let origin = ["--cors-origin", "https://reader.example/"];
        for wrong in [["--tick", "0"], ["--tick", "61"], ["--min-interval", "14"], ["--listen", "here"], origin] {
            assert!(Cli::try_parse_from(["feedmill", "up", wrong[0], wrong[1]]).is_err(), "{wrong:?}");
        }
    }
}
