//! A request as it arrived.

use bytes::Bytes;
use tokio::time::Instant;

/// A request as it arrived, byte for byte.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET`, for example.
    pub method: String,
    /// Path and query, as they stood in the request line.
    pub target: String,
    /// Name and value of each header line, in order, names in the case they came in.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, if a `Content-Length` announced one.
    pub body: Bytes,
    /// When its head was complete.
    pub at: Instant,
    /// Which connection it came on, counted from 1.
    pub connection: u64,
}

impl Seen {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What follows the first question mark.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The value of the first header called `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// The same as text; `None` also if it is no UTF-8.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.header(name)?).ok()
    }

    /// How many headers are called `name`, in any case.
    pub fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).count()
    }

    /// The `Host` header, with its port; empty if there is none.
    pub fn host(&self) -> String {
        self.header_text("host").unwrap_or_default().to_owned()
    }

    /// Whether the request is conditional.
    pub fn is_conditional(&self) -> bool {
        self.count("if-none-match") + self.count("if-modified-since") > 0
    }
}
