//! Feeds, written as short as they can be.

/// An RSS feed of entries `(guid, content)`, newest first.
pub(crate) fn rss<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let items: String = entries.into_iter().map(|(guid, content)| item(guid, content)).collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Herbs</title>\
         <link>http://herbs.example/</link><description>-</description>{items}</channel></rss>"
    )
}

fn item(guid: &str, content: &str) -> String {
    format!(
        "<item><guid isPermaLink=\"false\">{guid}</guid><title>About {guid}</title>\
         <link>http://herbs.example/{guid}</link><description>{content}</description></item>"
    )
}

/// Entries `0` to `count - 1`, the last one newest, each with `size` bytes of content that hardly compresses.
pub(crate) fn many(count: usize, size: usize) -> String {
    let entries: Vec<(String, String)> = (0..count).rev().map(|n| (format!("entry-{n}"), noise(n, size))).collect();
    rss(entries.iter().map(|(guid, content)| (guid.as_str(), content.as_str())))
}

/// Words that look random and are the same every time.
pub(crate) fn noise(seed: usize, size: usize) -> String {
    let mut state = seed as u64 + 1;
    let mut text = String::with_capacity(size + 8);
    while text.len() < size {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{:07x} ", state >> 36));
    }
    text
}
