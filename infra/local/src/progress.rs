//! How far a long command is: a bar on a terminal, now and then a line elsewhere. It goes to standard error, since standard output is for answers.

use std::io::{IsTerminal as _, Write as _};

use unicode_width::UnicodeWidthStr as _;

/// Lines of one command where there is no terminal.
const LINES: usize = 10;
/// No bar is drawn longer.
const LONGEST: usize = 40;

/// How far a command is.
#[derive(Debug)]
pub struct Progress {
    total: usize,
    /// Columns of the terminal; `None` where there is none.
    width: Option<usize>,
    is_quiet: bool,
    told: usize,
}

impl Progress {
    /// Of `total` steps. A quiet one draws its bar, but writes no lines.
    pub fn new(total: usize, is_quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let size = terminal_size::terminal_size_of(std::io::stderr());
        let width = is_terminal.then(|| size.map_or(80, |(width, _)| usize::from(width.0)));
        Self { total, width, is_quiet, told: 0 }
    }

    /// Shows that `done` steps are done.
    pub fn show(&mut self, done: usize) {
        if let Some(width) = self.width {
            write(&format!("\r{}", bar(done, self.total, width)));
        } else if !self.is_quiet && self.is_news(done) {
            write(&format!("{done} of {}\n", self.total));
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(width) = self.width {
            write(&format!("\r{}\r", " ".repeat(width.saturating_sub(1))));
        }
    }

    /// Whether another tenth is done.
    fn is_news(&mut self, done: usize) -> bool {
        let tenth = done * LINES / self.total.max(1);
        std::mem::replace(&mut self.told, tenth) < tenth
    }
}

/// Who does not look does not stop the work.
fn write(text: &str) {
    let mut out = anstream::stderr();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// A line of one column less than `width`: in the last one, some terminals would begin another line.
fn bar(done: usize, total: usize, width: usize) -> String {
    let room = width.saturating_sub(1);
    let count = format!(" {done}/{total}");
    let length = room.saturating_sub(count.width() + 2).min(LONGEST);
    if length < 4 {
        return format!("{:<room$}", count.trim_start());
    }
    let full = (done * length).checked_div(total).unwrap_or(length).min(length);
    let line = format!("[{}{}]{count}", "#".repeat(full), "-".repeat(length - full));
    format!("{line:<room$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_the_terminal_lets_it_be_and_never_longer() {
        for (done, total, width, expected) in [
            (0, 200, 21, "[------------] 0/200"),
            (100, 200, 21, "[#####-----] 100/200"),
            (200, 200, 21, "[##########] 200/200"),
            (3, 4, 8, "3/4    "),
            (0, 0, 12, "[#####] 0/0"),
        ] {
            assert_eq!(bar(done, total, width), expected);
            assert_eq!(expected.len(), width - 1);
        }
        assert_eq!(bar(1, 2, 200).trim_end(), format!("[{}{}] 1/2", "#".repeat(20), "-".repeat(20)));
    }

    #[test]
    fn without_a_terminal_each_tenth_is_told_once() {
        let mut progress = Progress { total: 100, width: None, is_quiet: false, told: 0 };
        let told: Vec<usize> = (1..=100).filter(|done| progress.is_news(*done)).collect();
        assert_eq!(told, (1..=10).map(|tenth| tenth * 10).collect::<Vec<_>>());
    }
}
