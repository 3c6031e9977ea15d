//! `feedmill stats`.

use serde_json::Value;

use crate::cli::StatsArgs;
use crate::client::Client;
use crate::show::{print_json, say, segment};
use crate::table::dim;
use crate::trouble::Trouble;

/// Asks the running Feedmill how polling goes.
///
/// # Errors
/// [`Trouble`] with the API's own sentence.
pub async fn stats(args: &StatsArgs) -> Result<(), Trouble> {
    let path = match &args.source {
        Some(source) => format!("/v1/sources/{}/stats", segment(source)?),
        None => "/v1/stats".to_owned(),
    };
    let told = Client::of(&args.data)?.get(&path).await?;
    if args.json { print_json(&told) } else { say(&lines(&told).join("\n")) }
}

/// What is known, a line a figure.
fn lines(told: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: Option<String>| {
        lines.extend(text.map(|text| format!("{} {text}", dim(format!("{name:<13}")).paint())));
    };
    let jobs = &told["jobs"];
    let number = |value: &Value| value.as_u64().map(|number| number.to_string());
    let partly = if told["complete"] == false { " (a sample)" } else { "" };
    line("sources", number(&told["sources"]).map(|count| format!("{count}{partly}")));
    line("posts", number(&told["posts"]));
    line("in hand", number(&told["in_hand"]));
    let waits = |lane| number(&told["backlog"][lane]).unwrap_or_else(|| "?".to_owned());
    line("backlog", told.get("backlog").map(|_| format!("{} fast, {} slow", waits("fetch"), waits("fetch_slow"))));
    line("jobs", number(&jobs["finished"]));
    line("success rate", jobs["success_rate"].as_f64().map(|rate| format!("{:.1} %", rate * 100.0)));
    let time = |name: &str| number(&jobs[name]).map(|time| format!("{time} ms"));
    line("fetch p50", time("fetch_ms_p50"));
    line("fetch p95", time("fetch_ms_p95"));
    line("posts per job", jobs["posts_per_job"].as_f64().map(|posts| format!("{posts:.2}")));
    let errors = jobs["errors"].as_object().into_iter().flatten();
    let errors: Vec<String> = errors.map(|(code, count)| format!("{code} {count}")).collect();
    line("failures", (!errors.is_empty()).then(|| errors.join(", ")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_unknown_has_no_line() {
        let told = json!({
            "sources": 3, "complete": false, "backlog": { "fetch": 7, "fetch_slow": null },
            "jobs": { "finished": 4, "success_rate": 0.75, "fetch_ms_p50": 12, "fetch_ms_p95": null, "errors": { "dns": 1 } },
        });
        let text = lines(&told).join("\n");
        for shown in ["3 (a sample)", "7 fast, ? slow", "75.0 %", "12 ms", "dns 1"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert!(!text.contains("p95") && !text.contains("posts"), "{text}");
    }
}
