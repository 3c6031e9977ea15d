//! What a private source is asked with: one header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Hidden;

/// How a source knows that it may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// User name and password (RFC 7617).
    Basic {
        /// Without a colon.
        user: Hidden,
        /// Any text without control characters.
        password: Hidden,
    },
    /// A token (RFC 6750 §2.1).
    Bearer(Hidden),
    /// A header of the publisher's own making.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Hidden,
    },
}

/// Why this is nothing that a source can be asked with. What was written is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLogin {
    /// Longer than [`Login::MAX_BYTES`].
    #[error("a user name, a password, a token and a header have at most {} bytes each", Login::MAX_BYTES)]
    TooLong,
    /// The user name cannot be told from the password.
    #[error("the user name must not be empty or contain a colon, and neither it nor the password a control character")]
    Basic,
    /// Not the characters of a token.
    #[error("a token is not empty and has letters, digits and signs of ASCII alone, and no space")]
    Token,
    /// Not the characters of a header.
    #[error("a header's name has letters, digits and hyphens; its value is not empty and has printable ASCII alone")]
    Header,
    /// A header that belongs to the request itself.
    #[error("this header is Feedmill's own to set; use `basic` or `bearer`, or another header")]
    OwnHeader,
}

/// Headers that say what a request is, how it travels, or who sends it, in lower case: whoever could set them could make another request of it.
const OWN: [&str; 19] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-forwarded-for",
];

/// What such headers begin with.
const OWN_PREFIXES: [&str; 4] = ["if-", "proxy-", "sec-", "a-im"];

impl Login {
    /// The longest user name, password, token or value, in bytes.
    pub const MAX_BYTES: usize = 4096;
    /// The longest name of a header, in bytes.
    const MAX_NAME: usize = 100;

    /// A user name and a password, which may be empty.
    ///
    /// # Errors
    /// [`BadLogin`].
    pub fn basic(user: Hidden, password: Hidden) -> Result<Self, BadLogin> {
        within([&user, &password])?;
        let plain = |text: &Hidden| !text.expose().contains(char::is_control);
        let whole = !user.expose().is_empty() && !user.expose().contains(':');
        if whole && plain(&user) && plain(&password) {
            Ok(Self::Basic { user, password })
        } else {
            Err(BadLogin::Basic)
        }
    }

    /// A token.
    ///
    /// # Errors
    /// [`BadLogin`].
    pub fn bearer(token: Hidden) -> Result<Self, BadLogin> {
        within([&token])?;
        let text = token.expose();
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self::Bearer(token)) } else { Err(BadLogin::Token) }
    }

    /// A header.
    ///
    /// # Errors
    /// [`BadLogin`].
    pub fn header(name: &str, value: Hidden) -> Result<Self, BadLogin> {
        within([&value])?;
        let name = name.to_ascii_lowercase();
        let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let text = value.expose();
        let printable = !text.trim().is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !named || name.len() > Self::MAX_NAME || !printable {
            return Err(BadLogin::Header);
        }
        if OWN.contains(&name.as_str()) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            return Err(BadLogin::OwnHeader);
        }
        Ok(Self::Header { name, value })
    }

    /// The header that goes out: its name in lower case, and its value.
    pub fn line(&self) -> (&str, Hidden) {
        match self {
            Self::Basic { user, password } => {
                let pair = Hidden::new(format!("{}:{}", user.expose(), password.expose()));
                ("authorization", Hidden::new(format!("Basic {}", STANDARD.encode(pair.expose()))))
            }
            Self::Bearer(token) => ("authorization", Hidden::new(format!("Bearer {}", token.expose()))),
            Self::Header { name, value } => (name, value.clone()),
        }
    }
}

fn within<const N: usize>(texts: [&Hidden; N]) -> Result<(), BadLogin> {
    if texts.iter().all(|text| text.expose().len() <= Login::MAX_BYTES) { Ok(()) } else { Err(BadLogin::TooLong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Hidden {
        Hidden::new(text)
    }

    fn check(login: Result<Login, BadLogin>, expected: Result<(&str, &str), BadLogin>) {
        let lines = login.map(|login| (login.line().0.to_owned(), login.line().1.expose().to_owned()));
        assert_eq!(lines, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn each_login_is_one_header() {
        // The example of RFC 7617, section 2.
        let basic = Login::basic(hidden("Aladdin"), hidden("open sesame"));
        check(basic, Ok(("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
        check(Login::basic(hidden("ada"), hidden("")), Ok(("authorization", "Basic YWRhOg==")));
        check(Login::bearer(hidden("mF_9.B5f-4.1JqM")), Ok(("authorization", "Bearer mF_9.B5f-4.1JqM")));
        check(Login::header("X-Api-Key", hidden("k 1")), Ok(("x-api-key", "k 1")));
        check(Login::header("Authorization", hidden("Token 7")), Ok(("authorization", "Token 7")));
    }

    #[test]
    fn what_could_change_the_request_is_refused() {
        for (user, password) in [("", "x"), ("a:b", "x"), ("a\nb", "x"), ("a", "x\r\ny")] {
            check(Login::basic(hidden(user), hidden(password)), Err(BadLogin::Basic));
        }
        for token in ["", "a b", "a\r\nHost: b", "ä"] {
            check(Login::bearer(hidden(token)), Err(BadLogin::Token));
        }
        for (name, value) in
            [("", "x"), ("a b", "x"), ("a:", "x"), ("ä", "x"), ("x", ""), ("x", " "), ("x", "a\r\nb: c"), ("x", "ä")]
        {
            check(Login::header(name, hidden(value)), Err(BadLogin::Header));
        }
        for name in
            ["Host", "cookie", "Transfer-Encoding", "If-None-Match", "Proxy-Authorization", "USER-AGENT", "A-IM"]
        {
            check(Login::header(name, hidden("x")), Err(BadLogin::OwnHeader));
        }
        let long = "x".repeat(Login::MAX_BYTES + 1);
        check(Login::bearer(hidden(&long)), Err(BadLogin::TooLong));
        check(Login::basic(hidden("a"), hidden(&long)), Err(BadLogin::TooLong));
    }

    #[test]
    fn debug_says_nothing_of_a_login() {
        for login in [
            Login::basic(hidden("sesame"), hidden("sesame")),
            Login::bearer(hidden("sesame")),
            Login::header("x-key", hidden("sesame")),
        ] {
            assert!(!format!("{login:?}").contains("sesame"));
        }
    }
}
