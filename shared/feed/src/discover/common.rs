//! Where feeds often are, whatever the site.

use url::Url;

use super::{Candidate, Kind, Reason, kind_of_address, ranked};

/// Software that writes pages, as its `generator` element calls itself, and where it has its feed by default.
#[derive(Debug)]
pub(super) struct Software {
    name: &'static str,
    path: &'static str,
    kind: Kind,
}

/// Each from the documentation or the default settings of the software.
const SOFTWARE: [Software; 19] = [
    Software { name: "wordpress", path: "/feed/", kind: Kind::Rss },
    Software { name: "ghost", path: "/rss/", kind: Kind::Rss },
    Software { name: "hugo", path: "/index.xml", kind: Kind::Rss },
    Software { name: "jekyll", path: "/feed.xml", kind: Kind::Atom },
    Software { name: "blogger", path: "/feeds/posts/default", kind: Kind::Atom },
    Software { name: "hexo", path: "/atom.xml", kind: Kind::Atom },
    Software { name: "zola", path: "/atom.xml", kind: Kind::Atom },
    Software { name: "astro", path: "/rss.xml", kind: Kind::Rss },
    Software { name: "eleventy", path: "/feed/feed.xml", kind: Kind::Atom },
    Software { name: "gatsby", path: "/rss.xml", kind: Kind::Rss },
    Software { name: "docusaurus", path: "/blog/rss.xml", kind: Kind::Rss },
    Software { name: "pelican", path: "/feeds/all.atom.xml", kind: Kind::Atom },
    Software { name: "nikola", path: "/rss.xml", kind: Kind::Rss },
    Software { name: "drupal", path: "/rss.xml", kind: Kind::Rss },
    Software { name: "discourse", path: "/latest.rss", kind: Kind::Rss },
    Software { name: "movable type", path: "/atom.xml", kind: Kind::Atom },
    Software { name: "serendipity", path: "/index.php?/feeds/index.rss2", kind: Kind::Rss },
    Software { name: "dotclear", path: "/feed/atom", kind: Kind::Atom },
    Software { name: "wix", path: "/blog-feed.xml", kind: Kind::Rss },
];

/// The software that a `generator` element names, its version aside.
pub(super) fn software(generator: &str) -> Option<&'static Software> {
    let generator = generator.trim().to_ascii_lowercase();
    SOFTWARE.iter().find(|software| generator.starts_with(software.name))
}

/// Where `software` has the feed of the site of `page`.
pub(super) fn of_software(software: &Software, page: &Url) -> Option<Candidate> {
    let url = page.join(software.path).ok()?.into();
    Some(Candidate { url, title: None, kind: Some(software.kind), reason: Reason::Software })
}

/// The commonest first, as crawls of blogs find them.
const PATHS: [&str; 10] = [
    "feed",
    "rss",
    "rss.xml",
    "feed.xml",
    "atom.xml",
    "index.xml",
    "feed.json",
    "index.rdf",
    "feeds/posts/default",
    "blog/feed",
];

/// Where a site's feeds often are: beside the page first, if it is not the first page of its host, and then at the top. For when nothing better is known,
/// as each costs a request.
pub fn common_paths(url: &str) -> Vec<Candidate> {
    let Some(page) = crate::links::base(url) else {
        return Vec::new();
    };
    let mut folders = Vec::new();
    if !page.path().trim_matches('/').is_empty() {
        let mut folder = page.clone();
        folder.set_query(None);
        folder.set_fragment(None);
        // `/blog` and `/blog/` are both folders; what looks like a file is not.
        let last = folder.path().rsplit('/').next().unwrap_or_default();
        if !last.is_empty() && !last.contains('.') {
            folder.set_path(&format!("{}/", folder.path()));
        }
        folders.extend(folder.join(".").ok());
    }
    folders.extend(page.join("/").ok());
    let at = |folder: &Url| {
        let urls: Vec<Url> = PATHS.iter().filter_map(|path| folder.join(path).ok()).collect();
        urls.into_iter().map(|url| Candidate {
            kind: kind_of_address(&url),
            url: url.into(),
            title: None,
            reason: Reason::CommonPath,
        })
    };
    ranked(folders.iter().flat_map(at).collect())
}
