//! The child process that plays the web.

use crate::Outcome;
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
        writeln!(self.tell.as_mut().ok_or("the farm has no input")?, "{edition}")?;
        let mut line = String::new();
        self.hear.read_line(&mut line)?;
        (line.trim() == "ok").then_some(()).ok_or_else(|| "the farm does not answer".into())
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
