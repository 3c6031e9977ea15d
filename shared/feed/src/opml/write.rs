//! Writing a list.

use super::{Opml, Subscription, UNSAYABLE};
use crate::text;

/// Deeper rows are no further indented.
const MAX_INDENT: usize = 16;

/// `list` as OPML 2.0. A feed of several folders is in each of them, as readers expect it.
pub fn write(list: &Opml) -> String {
    let mut out = String::with_capacity(256 + list.feeds.len() * 160);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n    <title>");
    push(list.title.as_deref().unwrap_or_default(), &mut out);
    out.push_str("</title>\n  </head>\n  <body>\n");
    push_body(list, &mut out);
    out.push_str("  </body>\n</opml>\n");
    out
}

/// A folder that is being written: its feeds are out, its folders not all.
struct Pending {
    folders: std::vec::IntoIter<usize>,
}

fn push_body(list: &Opml, out: &mut String) {
    let (mut folders, top_folders) = folders_within(list);
    let (feeds, top_feeds) = feeds_within(list);
    push_feeds(&top_feeds, 2, out);
    let mut pending = vec![Pending { folders: top_folders.into_iter() }];
    while let Some(innermost) = pending.last_mut() {
        let Some(folder) = innermost.folders.next() else {
            pending.pop();
            if !pending.is_empty() {
                indent(pending.len() + 1, out);
                out.push_str("</outline>\n");
            }
            continue;
        };
        let name = list.folders.get(folder).map_or("", |folder| folder.name.as_str());
        indent(pending.len() + 1, out);
        out.push_str("<outline text=\"");
        push(name, out);
        out.push_str("\" title=\"");
        push(name, out);
        out.push_str("\">\n");
        push_feeds(feeds.get(folder).map_or(&[], Vec::as_slice), pending.len() + 2, out);
        let within = folders.get_mut(folder).map(std::mem::take).unwrap_or_default();
        pending.push(Pending { folders: within.into_iter() });
    }
}

/// The folders within each, and those at the top.
fn folders_within(list: &Opml) -> (Vec<Vec<usize>>, Vec<usize>) {
    let (mut within, mut top) = (vec![Vec::new(); list.folders.len()], Vec::new());
    for (at, folder) in list.folders.iter().enumerate() {
        match folder.parent.filter(|parent| *parent < at) {
            Some(parent) => within[parent].push(at),
            None => top.push(at),
        }
    }
    (within, top)
}

/// The feeds within each folder, and those at the top.
fn feeds_within(list: &Opml) -> (Vec<Vec<&Subscription>>, Vec<&Subscription>) {
    let (mut within, mut top) = (vec![Vec::new(); list.folders.len()], Vec::new());
    for feed in &list.feeds {
        let mut is_somewhere = false;
        for folder in &feed.folders {
            if let Some(feeds) = within.get_mut(*folder) {
                feeds.push(feed);
                is_somewhere = true;
            }
        }
        if !is_somewhere {
            top.push(feed);
        }
    }
    (within, top)
}

fn push_feeds(feeds: &[&Subscription], depth: usize, out: &mut String) {
    for feed in feeds {
        let title = feed.title.as_deref();
        indent(depth, out);
        out.push_str("<outline type=\"rss\"");
        // A row must have a text; the title is left out again where the feed has none.
        let attributes = [
            ("text", title.or(Some(&feed.url))),
            ("title", title),
            ("xmlUrl", Some(&feed.url)),
            ("htmlUrl", feed.site.as_deref()),
            ("description", feed.description.as_deref()),
        ];
        for (name, value) in attributes {
            let Some(value) = value else { continue };
            out.extend([" ", name, "=\""]);
            push(value, out);
            out.push('"');
        }
        out.push_str("/>\n");
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
}

/// Appends `text` escaped, without what XML cannot say.
fn push(text: &str, out: &mut String) {
    let is_said = |c: char| !c.is_control() && !UNSAYABLE.contains(&c);
    match text.chars().all(is_said) {
        true => text::push_escaped(text, out),
        false => text::push_escaped(&text.replace(|c| !is_said(c), " "), out),
    }
}
