//! The servers by name, and the setting that names one.

use std::fmt;
use std::str::FromStr;

/// The environment variable that sends tests elsewhere: a server's name, `=` and where it listens, for example
/// `ministack=http://127.0.0.1:4567`. Without it, they start the embedded servers.
pub const SETTING: &str = "FEEDMILL_TEST_SERVER";

/// How the line begins by which a test says what it leaves out on a server that cannot do it.
pub const NOT_TRIED: &str = "not tried on ";

/// A server that tests can speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours, in the test's own process (`infra/emulator`).
    Embedded,
    /// ministack.
    Ministack,
    /// Amazon's DynamoDB Local: tables alone.
    DynamodbLocal,
}

impl Kind {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Embedded, Self::Ministack, Self::DynamodbLocal];

    /// Its name, in the setting and at the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Ministack => "ministack",
            Self::DynamodbLocal => "dynamodb-local",
        }
    }

    /// The crates whose tests it can serve.
    pub const fn crates(self) -> &'static [&'static str] {
        match self {
            Self::Embedded | Self::Ministack => &["store", "queue", "blob"],
            Self::DynamodbLocal => &["store"],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no server's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no server {0:?}: say embedded, ministack or dynamodb-local")]
pub struct UnknownServer(String);

impl FromStr for Kind {
    type Err = UnknownServer;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| UnknownServer(name.to_owned()))
    }
}
