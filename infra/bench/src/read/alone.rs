//! One person, one call after the other.

use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};

use super::line::{Ask, Line, Tally};
use crate::Outcome;
use crate::library::Library;
use crate::machine::Machine;

/// Longer than heads of sources are remembered in the cloud.
const FORGOTTEN: Duration = Duration::from_secs(6);
/// Ids of one mark.
const MARKED: usize = 200;
/// One source in so many brings a post before a call.
const NEWS: u64 = 20;

const COUNTS: &str = "/v1/counts";
const PAGE: &str = "/v1/posts?status=unread&limit=100";
const LEAN: &str = "/v1/posts?status=unread&limit=50&content=false";
const OLDEST: &str = "/v1/posts?status=unread&limit=50&order=oldest";

/// How the API stands before each call.
#[derive(Clone, Copy)]
enum Before {
    /// As the call before left it.
    Same,
    /// A few sources have brought posts.
    News,
    /// Just started.
    New,
    /// As in the cloud, after a while.
    Cloud,
}

struct Alone<'a> {
    machine: &'a Machine,
    library: Library,
    api: Router,
    who: String,
    calls: usize,
    lines: Vec<Line>,
}

pub(super) async fn measure(machine: &Machine, library: Library, calls: usize) -> Outcome<Vec<Line>> {
    let (api, who) = (machine.rooms.api(), library.readers.first().cloned().unwrap_or_default());
    let mut alone = Alone { machine, library, api, who, calls, lines: Vec::new() };
    alone.pages().await?;
    alone.marks().await?;
    Ok(alone.lines)
}

impl Alone<'_> {
    async fn pages(&mut self) -> Outcome<()> {
        for (call, path, before) in [
            ("unread counts", COUNTS, Before::Same),
            ("the same, just started", COUNTS, Before::New),
            ("the same, as in the cloud", COUNTS, Before::Cloud),
            ("page of 100 with content", PAGE, Before::Same),
            ("the same, 5 % of the sources brought a post", PAGE, Before::News),
            ("the same, just started", PAGE, Before::New),
            ("the same, as in the cloud", PAGE, Before::Cloud),
            ("page of 50 without content", LEAN, Before::Same),
            ("oldest page of 50", OLDEST, Before::Same),
            ("the same, just started", OLDEST, Before::New),
        ] {
            self.get(call, path, before).await?;
        }
        let deep = self.deep().await?;
        self.get("deep page of 50, half-way down", &deep, Before::Same).await
    }

    async fn marks(&mut self) -> Outcome<()> {
        let pages = self.walk(MARKED, self.calls).await?;
        let marks = |mark: &str, count: usize| {
            let body = |ids: &Vec<Value>| json!({ "mark": mark, "posts": ids[..count.min(ids.len())] }).to_string();
            pages.iter().map(|ids| Ask::post("/v1/posts/marks", body(ids))).collect::<Vec<_>>()
        };
        let (read, star) = (marks("read", MARKED), marks("star", 10));
        self.each("mark 200 read", &read).await?;
        let mark = Ask::post("/v1/posts/marks", json!({ "mark": "read", "posts": [pages[0][0]] }).to_string());
        let unmark = Ask::post("/v1/posts/marks", json!({ "mark": "unread", "posts": [pages[0][0]] }).to_string());
        let mut tally = Tally::start();
        for turn in 0..self.calls {
            let ask = if turn % 2 == 0 { &unmark } else { &mark };
            ask.of(&self.api, &self.who).await?;
            tally.call(self.machine, &self.api, &self.who, &Ask::get(COUNTS)).await?;
        }
        self.lines.push(tally.line("unread counts, one post was marked"));
        self.each("star 10", &star).await?;
        self.get("page of 50 stars with content", "/v1/posts?starred=true", Before::Same).await?;
        let all = json!({ "before": (self.machine.clock)().to_string() }).to_string();
        self.each("mark all read", &[Ask::post("/v1/posts/mark-all", all)]).await
    }

    /// The page that stands half-way down the list.
    async fn deep(&self) -> Outcome<String> {
        let unread = self.ask(&Ask::get(COUNTS)).await?["unread"].as_u64().unwrap_or_default();
        let (mut cursor, mut passed) = (String::new(), 0);
        while passed < unread / 2 {
            let path = format!("/v1/posts?status=unread&content=false&limit=200{cursor}");
            let page = self.ask(&Ask::get(path)).await?;
            passed += page["posts"].as_array().map_or(0, Vec::len) as u64;
            cursor = format!("&cursor={}", page["next"].as_str().ok_or("the list ended too soon")?);
        }
        Ok(format!("{LEAN}{cursor}"))
    }

    /// The ids of the first pages.
    async fn walk(&self, limit: usize, pages: usize) -> Outcome<Vec<Vec<Value>>> {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        while ids.len() < pages {
            let path = format!("/v1/posts?status=unread&content=false&limit={limit}{cursor}");
            let page = self.ask(&Ask::get(path)).await?;
            let posts = page["posts"].as_array().filter(|posts| !posts.is_empty()).ok_or("no posts")?;
            ids.push(posts.iter().map(|post| post["id"].clone()).collect());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        Ok(ids)
    }

    async fn ask(&self, ask: &Ask) -> Outcome<Value> {
        Ok(serde_json::from_slice(&ask.of(&self.api, &self.who).await?)?)
    }

    async fn get(&mut self, call: &str, path: &str, before: Before) -> Outcome<()> {
        let (ask, cloud, mut tally) = (Ask::get(path), self.machine.rooms.cloud_api(), Tally::start());
        let api = if let Before::Cloud = before { &cloud } else { &self.api };
        // What a first call alone pays is no part of it.
        ask.of(api, &self.who).await?;
        let sources = self.library.sources() as u64 / NEWS;
        for _ in 0..self.calls {
            let new = match before {
                Before::New => Some(self.machine.rooms.api()),
                Before::News => {
                    self.library.arrive(self.machine, sources.try_into()?, 1).await?;
                    None
                }
                Before::Cloud => {
                    self.machine.pass(FORGOTTEN);
                    None
                }
                Before::Same => None,
            };
            tally.call(self.machine, new.as_ref().unwrap_or(api), &self.who, &ask).await?;
        }
        self.lines.push(tally.line(call));
        Ok(())
    }

    async fn each(&mut self, call: &str, asks: &[Ask]) -> Outcome<()> {
        let mut tally = Tally::start();
        for ask in asks {
            tally.call(self.machine, &self.api, &self.who, ask).await?;
        }
        self.lines.push(tally.line(call));
        Ok(())
    }
}
