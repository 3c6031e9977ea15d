//! An entry's guid and link in the form in which they are compared, and which of them are names at all.

use std::collections::HashSet;

use domain::time::Timestamp;

use crate::draft::Draft;
use crate::links;

/// By what a person tells two entries of one name apart.
pub(super) type Look<'a> = (Option<&'a str>, Option<Timestamp>);

/// One name of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    /// What entries that are one have in common besides.
    pub(super) exact: &'a str,
    pub(super) look: Look<'a>,
}

/// What an entry may be called.
#[derive(Debug)]
pub(super) struct Names<'a> {
    /// In normal form and lower case: case and scheme differ from poll to poll in some feeds.
    pub(super) guid: Option<String>,
    /// The same of the link.
    pub(super) link: Option<String>,
    /// The guid and the link, or else the title, with their case.
    exact: String,
    /// Where the latter begins.
    link_at: usize,
    pub(super) look: Look<'a>,
}

impl<'a> Names<'a> {
    pub(super) fn of(draft: &'a Draft, homes: &Homes) -> Self {
        let item = &draft.item;
        let mut exact = normal(item.id.as_deref().filter(|guid| !is_nothing(guid)).unwrap_or_default());
        let guid = Some(exact.to_lowercase()).filter(|guid| !guid.is_empty() && !homes.0.contains(guid));
        exact.push('\0');
        let link_at = exact.len();
        links::push_normal(item.link.as_deref().unwrap_or_default(), &mut exact);
        let link = Some(exact[link_at..].to_lowercase()).filter(|link| !link.is_empty() && !homes.0.contains(link));
        if link_at == exact.len() {
            exact.push_str(item.title.as_deref().unwrap_or_default());
        }
        Self { guid, link, exact, link_at, look: (item.title.as_deref(), draft.date()) }
    }

    /// The guid; entries that share it must have the link in common, or else its case and the title.
    pub(super) fn of_guid(&self) -> Option<Named<'_>> {
        let exact = if self.link.is_some() { self.exact_link() } else { &self.exact };
        Some(Named { name: self.guid.as_deref()?, exact, look: self.look })
    }

    /// The link; entries that share it must have its case in common.
    pub(super) fn of_link(&self) -> Option<Named<'_>> {
        Some(Named { name: self.link.as_deref()?, exact: self.exact_link(), look: self.look })
    }

    /// The guid, to be held against links.
    pub(super) fn guid_as_link(&self) -> Option<Named<'_>> {
        Some(Named { name: self.guid.as_deref()?, exact: self.exact_guid(), look: self.look })
    }

    fn exact_guid(&self) -> &str {
        &self.exact[..self.link_at.saturating_sub(1)]
    }

    fn exact_link(&self) -> &str {
        &self.exact[self.link_at..]
    }

    /// Whether the guid is the link and something that changes at each request.
    fn is_volatile(&self) -> bool {
        let rest =
            self.link.as_ref().and_then(|_| self.exact_guid().strip_prefix(self.exact_link())).unwrap_or_default();
        rest.starts_with(['?', '&', '#']) && rest[1..].split(['?', '&', '#']).all(is_stamp)
    }
}

/// The feed's own pages.
#[derive(Debug, Default)]
pub(super) struct Homes(HashSet<String>);

impl Homes {
    pub(super) fn of<'a>(pages: impl Iterator<Item = &'a str>) -> Self {
        let mut homes = HashSet::new();
        for page in pages {
            let page = normal(page).to_lowercase();
            let host = page.get(2..).map_or(0, |place| place.find(['/', '?', '#']).unwrap_or(place.len()) + 2);
            homes.insert(page[..host].to_owned());
            homes.insert(page);
        }
        Self(homes)
    }
}

fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    links::push_normal(name, &mut normal);
    normal
}

/// Whether a guid is written down without saying anything.
fn is_nothing(guid: &str) -> bool {
    let guid = guid.trim();
    let words = ["null", "nil", "none", "undefined", "nan", "n/a", "true", "false", "guid", "id", "-", "#", "0"];
    let is_fraction = |digits: &str| digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    words.iter().any(|word| guid.eq_ignore_ascii_case(word))
        || ["{{", "{%", "${", "<?", "<%"].iter().any(|template| guid.contains(template))
        || guid.strip_prefix("0.").is_some_and(is_fraction)
}

/// Whether the guids are 1, 2, 3 … or 0, 1, 2 … from the newest entry to the oldest.
pub(super) fn are_places(drafts: &[Draft]) -> bool {
    let guid = |draft: &Draft| draft.item.id.as_deref().and_then(|guid| guid.trim().parse::<usize>().ok());
    let Some(first) = drafts.first().and_then(guid).filter(|first| *first <= 1 && drafts.len() >= 3) else {
        return false;
    };
    let counts = drafts.iter().zip(first..).all(|(draft, number)| guid(draft) == Some(number));
    let falls = drafts.windows(2).all(|pair| pair[0].date().zip(pair[1].date()).is_some_and(|(new, old)| new > old));
    counts && falls
}

/// Whether every guid of the document is new at each request.
pub(super) fn are_volatile(names: &[Names<'_>]) -> bool {
    let mut named = names.iter().filter(|names| names.guid.is_some()).peekable();
    named.peek().is_some() && named.all(Names::is_volatile)
}

/// Whether a parameter's value is a reading of a clock, in seconds or less, or a number of random hexadecimal digits.
fn is_stamp(parameter: &str) -> bool {
    let value = parameter.split_once('=').map_or(parameter, |(_, value)| value);
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_clock = matches!(whole.len(), 10 | 13) && whole.starts_with('1');
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has = |kind: fn(&u8) -> bool| value.bytes().any(|byte| kind(&byte));
    let is_random = value.len() >= 13 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    is_clock && is_digits(whole) && is_digits(fraction)
        || is_random && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
