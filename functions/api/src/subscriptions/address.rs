//! What a person writes to say which feed: an address, and perhaps what it takes to be answered.

use domain::id::UserId;
use domain::private::{BadLogin, Hidden, Login, Secrets, Vault};
use fetch::{Looks, Reach};
use url::Url;

use crate::problem::Problem;

/// A feed's address, or a site's.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// Judged: something that may be fetched. Not to be shown while there are `secrets`.
    url: Hidden,
    host: String,
    secrets: Option<Secrets>,
}

impl Address {
    /// Reads what a person wrote. With a login, in the address or beside it, or if the address looks secret, it is private. `https` is meant where no scheme
    /// is written; browsers' `feed:` is none.
    ///
    /// # Errors
    /// A problem if it cannot be fetched, or not with that login.
    pub(crate) fn read(written: &str, login: Option<Login>, reach: &Reach) -> Result<Self, Problem> {
        let (plain, userinfo) = fetch::without_userinfo(&with_scheme(written.trim()));
        let url = fetch::check_url(&plain, reach)?;
        let within = userinfo.map(|within| Login::basic(Hidden::new(within.user), Hidden::new(within.password)));
        let login = login.map(Ok).or(within).transpose()?;
        let is_private = login.is_some() || is_private(&url);
        let (host, url) = (fetch::host_key(&url), Hidden::new(url));
        let secrets = is_private.then(|| Secrets { url: url.clone(), login });
        Ok(Self { url, host, secrets })
    }

    /// Where it is.
    pub(super) fn url(&self) -> Result<Url, Problem> {
        Url::parse(self.url.expose()).map_err(|error| Problem::ours(&error))
    }

    /// Its host, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// What is secret of it: then it is one person's alone.
    pub(crate) fn secrets(&self) -> Option<&Secrets> {
        self.secrets.as_ref()
    }

    /// Under what a source of that address is found, if `user` asks.
    pub(super) fn key(&self, user: UserId, vault: &Vault) -> Result<String, Problem> {
        let known = fetch::normalise(&self.url()?);
        Ok(if self.secrets.is_some() { vault.url_key(user, &known) } else { known })
    }
}

impl From<BadLogin> for Problem {
    fn from(bad: BadLogin) -> Self {
        Self::bad_credentials(bad.to_string())
    }
}

/// Whether a URL is to be taken for one person's. The pages of well-known sites have ids that look drawn, and are everybody's.
pub(crate) fn is_private(url: &Url) -> bool {
    match fetch::looks(url) {
        Looks::Secret => true,
        Looks::Random => feed::discover::guess(url.as_str()).is_empty(),
        Looks::Plain => false,
    }
}

/// Whether what someone wrote may be told again: nothing in it looks secret, however it was meant.
pub(crate) fn may_be_told(written: &str) -> bool {
    let meant = with_scheme(written.trim());
    match Url::parse(&meant) {
        Ok(url) => !is_private(&url),
        Err(_) => !meant.contains(['@', '?']),
    }
}

fn with_scheme(written: &str) -> String {
    let written = match written.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("feed:") => &written[5..],
        _ => written,
    };
    match written.split_once("://") {
        Some(("", rest)) => format!("https://{rest}"),
        Some(_) => written.to_owned(),
        None => format!("https://{}", written.trim_start_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, expected: Option<(&str, bool)>) {
        let read = Address::read(written, None, &Reach::default()).ok();
        let found = read.as_ref().map(|read| (read.url.expose().to_owned(), read.secrets.is_some()));
        assert_eq!(found, expected.map(|(url, is_private)| (url.to_owned(), is_private)), "{written}");
    }

    #[test]
    fn an_address_is_read_as_people_write_it() {
        check(" https://Example.org/feed#top ", Some(("https://example.org/feed", false)));
        check("example.org", Some(("https://example.org/", false)));
        check("//example.org/feed", Some(("https://example.org/feed", false)));
        check("feed://example.org/x", Some(("https://example.org/x", false)));
        check("feed:https://example.org/x", Some(("https://example.org/x", false)));
        check("https://ada:pw@example.org/feed", Some(("https://example.org/feed", true)));
        check("https://example.org/feed?token=1", Some(("https://example.org/feed?token=1", true)));
        check(
            "https://www.youtube.com/channel/UCXuqSBlHAE6Xw-yeJA0Tunw",
            Some(("https://www.youtube.com/channel/UCXuqSBlHAE6Xw-yeJA0Tunw", false)),
        );
        for refused in [
            "",
            "ftp://example.org",
            "http://10.0.0.1/",
            "https://ada:p%0aw@example.org/",
            "http://0x7f.1/",
            "http://:sesame@example.org/",
            ":sesame@example.org",
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn what_looks_secret_is_not_told_again_however_it_is_written() {
        for told in ["https://example.org/feed", "example.org", "ftp://example.org/", "", "not a url"] {
            assert!(may_be_told(told), "{told}");
        }
        for secret in [
            "http://:sesame@example.org/",
            ":sesame@example.org",
            "ada:sesame@example.org",
            "feed:https://ada:sesame@example.org/",
            "feed://ada:sesame@example.org/",
            "//ada:sesame@example.org/",
            "ftp://ada:sesame@example.org/",
            "https://ada:sesame@exa mple.org/",
            "example.org/feed?token=sesame",
        ] {
            assert!(!may_be_told(secret), "{secret}");
        }
    }

    #[test]
    fn a_private_address_is_another_for_everybody_and_shows_nothing() {
        let vault = Vault::new(&domain::id::InstallationKey::from_bytes([1; 32]));
        let [ada, bob] = ["9f1c2d3e-4b5a-4678-9abc-def012345678", "9f1c2d3e-4b5a-4678-9abc-def012345679"];
        let [ada, bob]: [UserId; 2] = [ada.parse().unwrap(), bob.parse().unwrap()];
        let key = |written, user| Address::read(written, None, &Reach::default()).unwrap().key(user, &vault).unwrap();
        let secret = "https://ada:sesame@example.org/feed";
        assert_ne!(key(secret, ada), key(secret, bob));
        assert_ne!(key(secret, ada), key("https://example.org/feed", ada));
        assert_eq!(key("https://example.org/feed", ada), key("https://Example.org:443/feed", bob));
        let read = Address::read("https://example.org/feed?token=sesame", None, &Reach::default()).unwrap();
        assert!(!format!("{read:?}").contains("sesame"));
    }
}
