//! What is written anew: most of it is what was there, and is copied in as few steps as there are changes.

/// HTML that is being written.
#[derive(Debug)]
pub(super) struct Out<'a> {
    /// What was there.
    html: &'a str,
    written: String,
    /// What of `html` comes next and is not copied yet.
    from: usize,
    to: usize,
}

impl<'a> Out<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self { html, written: String::with_capacity(html.len() + html.len() / 8), from: 0, to: 0 }
    }

    /// Bytes of all that is written.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.written.len() + (self.to - self.from)
    }

    /// Writes the `len` bytes at `at` of what was there.
    #[inline]
    pub(super) fn copy(&mut self, at: usize, len: usize) {
        if self.to != at {
            self.flush();
            self.from = at;
        }
        self.to = at + len;
    }

    /// Writes something else.
    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        self.flush();
        self.written.push_str(text);
    }

    /// All that is written, to write more.
    #[inline]
    pub(super) fn text(&mut self) -> &mut String {
        self.flush();
        &mut self.written
    }

    pub(super) fn into_text(mut self) -> String {
        self.flush();
        self.written
    }

    #[inline]
    fn flush(&mut self) {
        if self.from < self.to {
            self.written.push_str(&self.html[self.from..self.to]);
        }
        self.from = self.to;
    }
}
