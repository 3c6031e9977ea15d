//! Several people at once: each makes the same kind of call again and again, until all have made theirs.

use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::line::{Ask, Line, Tally};
use crate::library::Library;
use crate::machine::Machine;
use crate::{Outcome, measure};

/// Ids of one mark.
const MARKED: usize = 200;
/// Ids of one synchronisation, and items of one of its answers.
const SYNCED: usize = 1_000;
const ITEMS: usize = 250;

const API: &str = "/reader/api/0";
const UNREAD: &str = "s=user/-/state/com.google/reading-list&xt=user/-/state/com.google/read";

struct Crowd<'a> {
    machine: &'a Machine,
    api: Router,
    people: &'a [String],
    calls: usize,
    lines: Vec<Line>,
}

pub(super) async fn measure(machine: &Machine, library: &Library, calls: usize) -> Outcome<Vec<Line>> {
    let (api, people) = (machine.rooms.api(), library.readers.as_slice());
    let mut crowd = Crowd { machine, api, people, calls, lines: Vec::new() };
    crowd.measure_all().await?;
    Ok(crowd.lines)
}

impl Crowd<'_> {
    async fn measure_all(&mut self) -> Outcome<()> {
        self.gets("unread counts", "/v1/counts").await?;
        self.gets("first page of 50 with content", "/v1/posts?status=unread").await?;
        self.gets("oldest page of 50 with content", "/v1/posts?status=unread&order=oldest").await?;
        self.gets("sync: 1,000 ids", &format!("{API}/stream/items/ids?{UNREAD}&n={SYNCED}")).await?;
        let numbers = self.numbers(SYNCED).await?;
        let forms = |ids: &[String]| Ask::post(format!("{API}/stream/items/contents"), form(ids));
        let items = vec![numbers.chunks(ITEMS).map(forms).collect::<Vec<_>>(); self.people.len()];
        self.all("sync: contents of 250 of them", items).await?;
        let whole = vec![vec![forms(&numbers)]; self.people.len()];
        self.all("sync: contents of 1,000 in one call", whole).await?;
        self.once("200,000 ids", Ask::get(format!("{API}/stream/items/ids?{UNREAD}&n=200000"))).await?;
        let marks = self.marks().await?;
        self.all("mark 200 read", marks).await?;
        self.gets("unread counts after it", "/v1/counts").await?;
        let all = Ask::post("/v1/posts/mark-all", json!({ "before": (self.machine.clock)().to_string() }).to_string());
        self.all("mark all read", vec![vec![all]; self.people.len()]).await
    }

    /// The numbers of the newest posts, as reader apps write them.
    async fn numbers(&self, count: usize) -> Outcome<Vec<String>> {
        let ask = Ask::get(format!("{API}/stream/items/ids?{UNREAD}&n={count}"));
        let answer: Value = serde_json::from_slice(&ask.of(&self.api, &self.people[0]).await?)?;
        let refs = answer["itemRefs"].as_array().ok_or("no ids")?;
        Ok(refs.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect())
    }

    /// For each person as many marks as there are calls, no post twice.
    async fn marks(&self) -> Outcome<Vec<Vec<Ask>>> {
        let mut marks = Vec::new();
        let numbers = self.numbers(MARKED * self.calls).await?;
        for some in numbers.chunks(MARKED) {
            let mark = "a=user/-/state/com.google/read&";
            marks.push(Ask::post(format!("{API}/edit-tag"), format!("{mark}{}", form(some))));
        }
        Ok(vec![marks; self.people.len()])
    }

    async fn gets(&mut self, call: &str, path: &str) -> Outcome<()> {
        self.all(call, vec![vec![Ask::get(path); self.calls]; self.people.len()]).await
    }

    async fn once(&mut self, call: &str, ask: Ask) -> Outcome<()> {
        let mut tally = Tally::start();
        tally.call(self.machine, &self.api, &self.people[0], &ask).await?;
        self.lines.push(tally.line(call));
        Ok(())
    }

    /// Everybody makes their calls, all at once.
    async fn all(&mut self, call: &str, asks: Vec<Vec<Ask>>) -> Outcome<()> {
        let (mut tally, mut tasks) = (Tally::start(), JoinSet::new());
        self.machine.meter.take();
        let used = measure::cpu();
        for (who, asks) in self.people.iter().zip(asks) {
            tasks.spawn(make(self.api.clone(), who.clone(), asks));
        }
        let mut calls = Vec::new();
        while let Some(made) = tasks.join_next().await {
            calls.extend(made??);
        }
        tally.add(&calls, measure::cpu() - used, self.machine.meter.take());
        self.lines.push(tally.line(call));
        Ok(())
    }
}

/// One person's calls, one after the other: how long each took, and the length of its answer.
async fn make(api: Router, who: String, asks: Vec<Ask>) -> Outcome<Vec<(Duration, usize)>> {
    let mut calls = Vec::with_capacity(asks.len());
    for ask in asks {
        let start = Instant::now();
        let answer = ask.of(&api, &who).await?;
        calls.push((start.elapsed(), answer.len()));
    }
    Ok(calls)
}

fn form(ids: &[String]) -> String {
    ids.iter().map(|id| format!("i={id}")).collect::<Vec<_>>().join("&")
}
