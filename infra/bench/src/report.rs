//! The numbers, for people and for programs.

use crate::Outcome;
use crate::measure::{Cost, Pipeline};
use std::io::{self, Write};

pub(crate) fn print(costs: &[Cost], json: bool) -> Outcome<()> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(costs)?)?;
        return Ok(());
    }
    if cfg!(debug_assertions) {
        writeln!(out, "This is a debug build: its numbers mean nothing.")?;
    }
    whole(&mut out, costs)?;
    let pipelines: Vec<(&str, &Pipeline)> =
        costs.iter().filter_map(|cost| Some((cost.phase.as_str(), cost.pipeline.as_ref()?))).collect();
    split(&mut out, &pipelines)?;
    requests(&mut out, &pipelines)?;
    dollars(&mut out, &pipelines)?;
    Ok(())
}

fn whole(out: &mut impl Write, costs: &[Cost]) -> io::Result<()> {
    row(out, "phase", &["polls", "wall s", "polls/s", "CPU ms", "peak MB", "B sent", "B read"].map(str::to_owned))?;
    for cost in costs {
        let memory = cost.peak_rss_mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0}"));
        let numbers = [
            cost.polls.to_string(),
            format!("{:.2}", cost.wall_seconds),
            format!("{:.0}", cost.polls_per_second),
            format!("{:.3}", cost.cpu_ms_per_poll),
            memory,
            format!("{:.0}", cost.bytes_out_per_poll),
            format!("{:.0}", cost.bytes_in_per_poll),
        ];
        row(out, &cost.phase, &numbers)?;
    }
    Ok(())
}

fn split(out: &mut impl Write, phases: &[(&str, &Pipeline)]) -> io::Result<()> {
    writeln!(
        out,
        "\nCPU of a poll, in milliseconds, and the functions' (all but the servers') as a multiple of the floor's"
    )?;
    let names = ["HTTP", "reading", "cleaning", "own", "SDK", "servers", "x floor"];
    row(out, "phase", &names.map(str::to_owned))?;
    for (phase, pipeline) in phases {
        let parts = pipeline.split.map_or_else(
            || std::array::from_fn(|_| "-".to_owned()),
            |split| {
                [split.http, split.read, split.clean, split.functions, split.sdk, split.servers]
                    .map(|part| format!("{part:.3}"))
            },
        );
        let ratio = match pipeline.split {
            Some(_) => format!("{:.2}", pipeline.functions_to_floor),
            None => "-".to_owned(),
        };
        row(out, phase, &[parts.as_slice(), &[ratio]].concat())?;
    }
    Ok(())
}

fn requests(out: &mut impl Write, phases: &[(&str, &Pipeline)]) -> io::Result<()> {
    writeln!(out, "\nOf a poll: units and requests; SQS with what the platform asks of it")?;
    let names = ["reads", "writes", "SDK calls", "SQS", "S3", "B service", "a batch"];
    row(out, "phase", &names.map(str::to_owned))?;
    for (phase, pipeline) in phases {
        let numbers = [
            format!("{:.2}", pipeline.read_units),
            format!("{:.2}", pipeline.write_units),
            format!("{:.2}", pipeline.sdk_calls),
            format!("{:.2}", pipeline.sqs_requests),
            format!("{:.2}", pipeline.s3_requests),
            format!("{:.0}", pipeline.service_bytes),
            format!("{:.0}", pipeline.messages_per_batch),
        ];
        row(out, phase, &numbers)?;
    }
    Ok(())
}

fn dollars(out: &mut impl Write, phases: &[(&str, &Pipeline)]) -> io::Result<()> {
    writeln!(
        out,
        "\nDollars for a million polls, storage apart; the table on demand, or provisioned and used at 80 %"
    )?;
    let names = ["writes", "reads", "(prov.)", "SQS+S3", "Lambda", "logs", "egress", "on demand", "prov."];
    row(out, "phase", &names.map(str::to_owned))?;
    for (phase, pipeline) in phases {
        let dollars = pipeline.dollars;
        let numbers = [
            dollars.writes,
            dollars.reads,
            dollars.provisioned,
            dollars.sqs + dollars.s3,
            dollars.lambda,
            dollars.logs,
            dollars.egress,
            pipeline.dollars_on_demand,
            pipeline.dollars_provisioned,
        ];
        row(out, phase, &numbers.map(|number| format!("{number:.3}")))?;
    }
    Ok(())
}

fn row(out: &mut impl Write, name: &str, cells: &[String]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>10}")).collect();
    writeln!(out, "{name:24}{}", cells.concat())
}

/// Says on standard error what ended the run.
pub(crate) fn complain(error: &(dyn std::error::Error + 'static)) {
    let line = boot::logs::causes(error);
    // If nobody hears it, the exit code is left.
    writeln!(io::stderr(), "bench: {line}").unwrap_or_default();
}
