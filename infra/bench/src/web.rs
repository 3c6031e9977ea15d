//! The child process that plays the web.

use crate::Outcome;
use crate::farm::Counted;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The farm; it ends when this is dropped.
pub(crate) struct Web {
    address: SocketAddr,
    child: Child,
    tell: Option<ChildStdin>,
    hear: BufReader<ChildStdout>,
}

impl Web {
    pub(crate) fn start() -> Outcome<Self> {
        let mut child =
            Command::new(std::env::current_exe()?).arg("farm").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let tell = child.stdin.take();
        let mut hear = BufReader::new(child.stdout.take().ok_or("the farm has no output")?);
        let mut line = String::new();
        hear.read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Self { address, child, tell, hear })
    }

    /// From now on the feeds have had so many editions.
    pub(crate) fn publish(&mut self, edition: u64) -> Outcome<()> {
        self.ask(&format!("edition {edition}")).map(drop)
    }

    /// What was asked since the last call of this.
    pub(crate) fn count_anew(&mut self) -> Outcome<Counted> {
        self.ask("count")
    }

    /// What was asked since the last [`Web::count_anew`].
    pub(crate) fn count(&mut self) -> Outcome<Counted> {
        self.ask("so far")
    }

    fn ask(&mut self, question: &str) -> Outcome<Counted> {
        writeln!(self.tell.as_mut().ok_or("the farm has no input")?, "{question}")?;
        let mut line = String::new();
        self.hear.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    pub(crate) fn url(&self, feed: u64) -> String {
        format!("http://f{feed}.localhost:{}/feed", self.address.port())
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // Without input it ends by itself; if it was gone before, there is nothing to wait for.
        self.tell = None;
        drop(self.child.wait());
    }
}
