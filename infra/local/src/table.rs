//! Tables on a terminal: columns as wide as needed, the last one cut to fit, colours where the terminal has them.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Between two columns.
const GAP: &str = "  ";
/// No column is cut narrower than this.
const NARROWEST: usize = 12;

/// A text in a colour.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

/// Unstyled.
pub fn plain(text: impl Into<String>) -> Cell {
    Cell { text: clean(&text.into()), style: Style::new() }
}

/// In the background.
pub fn dim(text: impl Into<String>) -> Cell {
    Cell { style: Style::new().dimmed(), ..plain(text) }
}

/// In a colour.
pub fn coloured(colour: AnsiColor, text: impl Into<String>) -> Cell {
    Cell { style: Style::new().fg_color(Some(colour.into())), ..plain(text) }
}

impl Cell {
    /// The text with its colour; `anstream` takes that out again where it is not wanted.
    pub fn paint(&self) -> String {
        format!("{}{}{:#}", self.style, self.text, self.style)
    }
}

/// Texts of strangers come here: nothing in them may steer the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The rows below their headings, each line at most `width` columns wide (0: as wide as it gets).
pub fn render(headings: &[&str], rows: &[Vec<Cell>], width: usize) -> String {
    let mut lines =
        vec![headings.iter().map(|heading| Cell { style: Style::new().bold(), ..plain(*heading) }).collect()];
    lines.extend_from_slice(rows);
    let widths = widths(&lines, headings.len(), width);
    let mut out = String::new();
    for line in &lines {
        let mut text = String::new();
        for (at, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let shown = Cell { text: cut(&cell.text, *width), style: cell.style };
            let pad = if at + 1 == line.len() { 0 } else { width - shown.text.width() + GAP.len() };
            text.push_str(&shown.paint());
            text.extend(std::iter::repeat_n(' ', pad));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

/// As wide as the widest cell; where that is too wide together, the widest columns give way first.
fn widths(lines: &[Vec<Cell>], columns: usize, width: usize) -> Vec<usize> {
    let widest =
        |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.text.width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns).map(widest).collect();
    let room = width.saturating_sub(GAP.len() * columns.saturating_sub(1));
    while width > 0 && widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(width: usize, expected: &str) {
        let rows = [
            vec![plain("3kTMd9aZ"), coloured(AnsiColor::Red, "gone"), plain("a title that is long")],
            vec![plain("x"), plain("active"), plain("日本語の題名")],
        ];
        let shown = anstream::adapter::strip_str(&render(&["ID", "STATE", "TITLE"], &rows, width)).to_string();
        assert_eq!(shown, expected);
    }

    #[test]
    fn columns_stand_below_each_other_whatever_their_colours() {
        check(0, "ID        STATE   TITLE\n3kTMd9aZ  gone    a title that is long\nx         active  日本語の題名\n");
    }

    #[test]
    fn the_widest_column_is_cut_to_the_terminal() {
        check(32, "ID        STATE   TITLE\n3kTMd9aZ  gone    a title that …\nx         active  日本語の題名\n");
    }

    #[test]
    fn a_title_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n").text, "a [2Jb ");
    }
}
