//! Asking for a password: typed twice on a terminal that does not show it, read from a pipe, or made up.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use domain::account::Password;
use domain::id::{SystemEntropy, base62};
use zeroize::Zeroizing;

use crate::cli::people::PasswordArgs;
use crate::signals;
use crate::trouble::Trouble;

/// 20 base62 characters are worth 119 bits.
const MADE_UP: usize = 20;

/// A password for the API.
pub(super) struct Chosen {
    text: Zeroizing<String>,
    is_made_up: bool,
}

impl Chosen {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What has to be shown, since nobody else knows it.
    pub(super) fn made_up(&self) -> Option<&str> {
        self.is_made_up.then_some(self.text.as_str())
    }
}

/// The password that is to be set.
pub(super) async fn get(args: PasswordArgs) -> Result<Chosen, Trouble> {
    if args.generate {
        let text = String::from_utf8_lossy(&base62::draw::<MADE_UP>(&mut SystemEntropy)).into_owned();
        return Ok(Chosen { text: Zeroizing::new(text), is_made_up: true });
    }
    let text = if args.password_stdin {
        read_line()?
    } else if std::io::stdin().is_terminal() {
        twice().await?
    } else {
        let ways = "pipe it to --password-stdin, or let one be made up with --generate";
        return Err(Trouble::Failed(format!("there is no terminal to ask for the password: {ways}")));
    };
    Password::new(text.as_str()).map_err(|bad| Trouble::Failed(bad.to_string()))?;
    Ok(Chosen { text, is_made_up: false })
}

async fn twice() -> Result<Zeroizing<String>, Trouble> {
    let first = unseen("Password: ").await?;
    // Before it is typed again for nothing.
    Password::new(first.as_str()).map_err(|bad| Trouble::Failed(bad.to_string()))?;
    let second = unseen("Again: ").await?;
    if *first == *second { Ok(first) } else { Err(Trouble::Failed("these were two different passwords".to_owned())) }
}

/// One line from standard input, without its end.
fn read_line() -> Result<Zeroizing<String>, Trouble> {
    let mut line = Zeroizing::new(String::new());
    // More than a password may have is enough to refuse it.
    let limit = u64::try_from(Password::MAX_BYTES + 3).unwrap_or(u64::MAX);
    std::io::stdin().lock().take(limit).read_line(&mut line)?;
    let end = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(end);
    Ok(line)
}

/// A line that is typed without being shown. Ctrl-C ends it, and leaves the terminal as it was.
async fn unseen(question: &str) -> Result<Zeroizing<String>, Trouble> {
    let mut signals = signals::listen()?;
    let _hidden = Hidden::start()?;
    ask(question)?;
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own: nothing waits for it when the answer never comes.
    std::thread::spawn(move || drop(tell.send(read_line())));
    let line = tokio::select! {
        line = told => line.map_err(|_| Trouble::Failed("standard input broke off".to_owned()))?,
        () = signals.received() => Err(Trouble::Failed("stopped; nothing was changed".to_owned())),
    };
    // The line's end was not shown either.
    ask("\n")?;
    line
}

/// Standard output is for answers, which a program may read.
fn ask(text: &str) -> Result<(), Trouble> {
    let mut out = anstream::stderr();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// The terminal does not show what is typed, until this is dropped.
struct Hidden {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Hidden {
    #[cfg(unix)]
    fn start() -> Result<Self, Trouble> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin()).map_err(std::io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent).map_err(std::io::Error::from)?;
        Ok(Self { before })
    }

    #[cfg(not(unix))]
    fn start() -> Result<Self, Trouble> {
        Err(Trouble::Failed("passwords cannot be hidden on this system: use --password-stdin or --generate".to_owned()))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Err(error) =
            rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &self.before)
        {
            tracing::warn!(%error, "the terminal still hides what is typed: `stty echo` mends it");
        }
    }
}
