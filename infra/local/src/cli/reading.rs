//! The command line of a person who reads: words, bounds and help.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::DataArgs;

/// Help for `add`.
pub const ADD_EXAMPLES: &str = "\
Examples:
  feedmill add https://example.org/feed.xml            a feed
  feedmill add example.org --folder News               the feed of a site
  feedmill add https://me:secret@example.org/feed      a feed of one's own: kept sealed, shown to nobody

Without any account the feed is polled for nobody in particular.";

/// Help for `import`.
pub const IMPORT_EXAMPLES: &str = "\
Examples:
  feedmill import feeds.opml             the list that another reader wrote
  feedmill import - < feeds.opml         the same
  feedmill import feedmill.json          an account, as `feedmill export --format json` wrote it

Good rows go in; bad ones are named with their line and the reason. The same file again goes on where it was stopped.
The exit code is 1 only if nothing could be taken.";

/// Help for `export`.
pub const EXPORT_EXAMPLES: &str = "\
Examples:
  feedmill export -o feeds.opml                  for another reader
  feedmill export --format json -o account.json  subscriptions, folders, what was read, stars; never secrets

Private feeds are left out of OPML: their addresses are secret.";

/// Help for `posts`.
pub const POSTS_EXAMPLES: &str = "\
Examples:
  feedmill posts --unread               what there is to read
  feedmill posts --unread --folder News
  feedmill posts --starred --json       for programs
  feedmill posts 3kTMd9aZ               of one source

Without any account: all posts of all sources.";

/// Help for `read`.
pub const READ_EXAMPLES: &str = "\
Examples:
  feedmill read 3kTMd9aZ 7hQbX2Lm       as `feedmill posts` shows them
  feedmill read --all --folder News
  feedmill read --undo 3kTMd9aZ         unread again";

/// Whose things a command speaks of, where they are, and how they are shown.
#[derive(Debug, Clone, Args)]
pub struct WhoArgs {
    /// Whose: an account's e-mail address or id; needed where there are several accounts
    #[arg(long, value_name = "EMAIL")]
    pub user: Option<String>,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `add`.
#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// The address of the feed or of its site, for example `https://example.org/feed.xml`
    pub url: String,
    /// What to call it, instead of what it calls itself
    #[arg(long)]
    pub title: Option<String>,
    /// Keep it in this folder, which is made if it is not there; may be said several times
    #[arg(long, value_name = "NAME")]
    pub folder: Vec<String>,
    /// Poll it every so many minutes at most
    #[arg(long, value_name = "MINUTES", value_parser = value_parser!(u32).range(15..=1440))]
    pub interval: Option<u32>,
    /// Do not wait for its first fetch
    #[arg(long)]
    pub no_wait: bool,
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
}

/// Flags of `import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The file, or `-` for standard input
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// Of an account: do not wait for the first posts of new feeds, to mark those that were read
    #[arg(long)]
    pub no_wait: bool,
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The list of feeds, for any reader
    Opml,
    /// The whole account
    Json,
}

/// Flags of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// What to write
    #[arg(long, value_enum, default_value = "opml")]
    pub format: Format,
    /// Where to, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Whose: an account's e-mail address or id; needed where there are several accounts
    #[arg(long, value_name = "EMAIL")]
    pub user: Option<String>,
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Flags of `subscriptions`.
#[derive(Debug, Clone, Args)]
pub struct SubscriptionsArgs {
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
}

/// Flags of `unsubscribe`.
#[derive(Debug, Clone, Args)]
pub struct UnsubscribeArgs {
    /// Which: id or address, as `feedmill subscriptions` shows them
    pub subscription: String,
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
}

/// Flags of `posts`.
#[derive(Debug, Clone, Args)]
pub struct PostsArgs {
    /// A source's id, as `feedmill subscriptions` and `feedmill sources` show it
    pub source: Option<String>,
    /// Only those that are unread
    #[arg(long)]
    pub unread: bool,
    /// Only those with a star
    #[arg(long)]
    pub starred: bool,
    /// Only those with this label
    #[arg(long, value_name = "NAME", conflicts_with = "starred")]
    pub label: Option<String>,
    /// Only those of the feeds in this folder
    #[arg(long, value_name = "NAME", conflicts_with = "source")]
    pub folder: Option<String>,
    /// The same as SOURCE
    #[arg(long = "source", value_name = "ID", conflicts_with_all = ["source", "folder"])]
    pub of: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
}

/// Flags of `read`.
#[derive(Debug, Clone, Args)]
pub struct ReadArgs {
    /// Ids, as `feedmill posts` shows them
    #[arg(value_name = "POST", required_unless_present = "all")]
    pub posts: Vec<String>,
    /// Mark all that are there
    #[arg(long, conflicts_with_all = ["posts", "undo"])]
    pub all: bool,
    /// With --all: those of this source
    #[arg(long, value_name = "ID", requires = "all", conflicts_with = "folder")]
    pub source: Option<String>,
    /// With --all: those of the feeds in this folder
    #[arg(long, value_name = "NAME", requires = "all")]
    pub folder: Option<String>,
    /// Mark them unread
    #[arg(long)]
    pub undo: bool,
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
}

/// Flags of `star`.
#[derive(Debug, Clone, Args)]
pub struct StarArgs {
    /// Ids, as `feedmill posts` shows them
    #[arg(value_name = "POST", required = true)]
    pub posts: Vec<String>,
    /// Take the star off
    #[arg(long)]
    pub undo: bool,
    /// Whose.
    #[command(flatten)]
    pub who: WhoArgs,
}
