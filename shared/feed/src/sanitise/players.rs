//! Frames that stay: the players of a short list, each of which shows what the feed meant and nothing else.

use url::Url;

use super::attributes::{Kind, Rule, rule};

/// What a frame keeps, and what we say in place of its author.
pub(super) const RULES: &[Rule] = &[
    rule!("src", Kind::Player),
    rule!("width", Kind::Length),
    rule!("height", Kind::Length),
    rule!("title", Kind::Text),
    // A player runs on an origin of its own, and may neither navigate the page nor open dialogs in it.
    rule!(
        "sandbox",
        Kind::Always("allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation")
    ),
    rule!("allow", Kind::Always("encrypted-media; fullscreen; picture-in-picture")),
    rule!("allowfullscreen", Kind::Always("")),
    rule!("loading", Kind::Always("lazy")),
    // YouTube refuses to play for a page that says nothing about itself.
    rule!("referrerpolicy", Kind::Always("strict-origin-when-cross-origin")),
];

/// Hosts, and how the path of a player on them begins.
const PLAYERS: &[(&str, &str)] = &[
    ("www.youtube.com", "/embed/"),
    ("www.youtube-nocookie.com", "/embed/"),
    ("player.vimeo.com", "/video/"),
    ("www.dailymotion.com", "/embed/"),
    ("geo.dailymotion.com", "/player"),
    ("w.soundcloud.com", "/player/"),
    ("open.spotify.com", "/embed"),
    ("bandcamp.com", "/EmbeddedPlayer/"),
    ("embed.podcasts.apple.com", "/"),
    ("archive.org", "/embed/"),
    ("embed.ted.com", "/talks/"),
];

/// Other names of those hosts.
const ALIASES: &[(&str, &str)] = &[
    ("youtube.com", "www.youtube.com"),
    ("m.youtube.com", "www.youtube.com"),
    ("youtube-nocookie.com", "www.youtube-nocookie.com"),
    ("dailymotion.com", "www.dailymotion.com"),
    ("www.bandcamp.com", "bandcamp.com"),
    ("www.archive.org", "archive.org"),
];

/// What nobody asked for who only reads.
const UNWANTED: &[&str] = &["autoplay", "auto_play", "enablejsapi", "origin"];

/// The player that `url` is; `None` if it is anything else.
pub(super) fn of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let host = url.host_str().filter(|_| is_plain)?;
    let host = ALIASES.iter().find(|(other, _)| *other == host).map_or(host, |(_, name)| name);
    let path = match url.path().strip_prefix("/v/") {
        // Its player of old, for Flash.
        Some(video) if host.starts_with("www.youtube") => {
            format!("/embed/{}", video.split('&').next().unwrap_or_default())
        }
        _ => url.path().to_owned(),
    };
    PLAYERS.iter().find(|(name, begin)| *name == host && path.starts_with(begin) && path.len() > 1)?;
    let mut player = format!("https://{host}{path}");
    let mut mark = '?';
    for parameter in url.query().unwrap_or_default().split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split('=').next().unwrap_or_default();
        if !UNWANTED.iter().any(|unwanted| name.eq_ignore_ascii_case(unwanted)) {
            player.push(mark);
            player.push_str(parameter);
            mark = '&';
        }
    }
    Some(player)
}

/// Whether `url` is what [`of`] gives.
pub(super) fn is_player(url: &str) -> bool {
    of(url).is_some_and(|player| player == url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_are_known_by_host_and_path_and_lose_what_is_not_asked_for() {
        let cases = [
            ("http://youtube.com/embed/abc?autoplay=1&start=5", Some("https://www.youtube.com/embed/abc?start=5")),
            ("https://www.youtube-nocookie.com/embed/abc", Some("https://www.youtube-nocookie.com/embed/abc")),
            ("http://www.youtube.com/v/abc&hl=en", Some("https://www.youtube.com/embed/abc")),
            ("https://player.vimeo.com/video/1?h=2#t=3", Some("https://player.vimeo.com/video/1?h=2")),
            ("https://open.spotify.com/embed-podcast/show/1", Some("https://open.spotify.com/embed-podcast/show/1")),
            ("https://www.youtube.com/watch?v=abc", None),
            ("https://www.youtube.com.evil.example/embed/abc", None),
            ("https://u@www.youtube.com/embed/abc", None),
            ("https://www.youtube.com:8443/embed/abc", None),
            ("https://evil.example/www.youtube.com/embed/abc", None),
            ("https://www.youtube.com/embed/../redirect?q=evil", None),
            ("https://bandcamp.com/EmbeddedPlayer", None),
            ("javascript:1", None),
        ];
        for (url, expected) in cases {
            assert_eq!(of(url).as_deref(), expected, "{url}");
            assert!(expected.is_none_or(is_player), "{url}");
        }
    }
}
