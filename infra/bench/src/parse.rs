//! `bench parse`: bytes of feeds to what Feedmill makes of them, beside what bare feed-rs makes of them.

use std::io::Write as _;
use std::time::Duration;

use allocation_counter::AllocationInfo;
use serde::Serialize;

use crate::articles::{self, Format};
use crate::measure::cpu;
use crate::{Outcome, hostile};

/// Sizes of feeds: a short one, an ordinary one, a whole archive.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// The best of so many rounds counts: what else the machine does only ever adds.
const ROUNDS: usize = 5;
const BASE: &str = "https://example.org/feed";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each way runs on each feed, in milliseconds of CPU in each of five rounds.
    #[arg(long, default_value_t = 100)]
    milliseconds: u64,
    /// Only short feeds, and no hostile documents.
    #[arg(long)]
    short: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Serialize)]
struct Report {
    feeds: Vec<Measured>,
    hostile: Vec<Survived>,
}

/// One ordinary feed.
#[derive(Serialize)]
struct Measured {
    format: &'static str,
    bytes: usize,
    items: usize,
    bare_feed_rs: Way,
    read_only: Way,
    whole: Way,
    /// What the whole path takes beyond reading: HTML and its links made safe.
    cleaning_alone: Cleaning,
    /// The speed of the whole path, cleaning included, as a part of that of bare feed-rs, which cleans nothing.
    whole_to_bare: f64,
}

/// How fast entries that are read are cleaned, measured in bytes of the feed, and what that allocates for one feed.
#[derive(Serialize)]
struct Cleaning {
    megabytes_per_second: f64,
    allocations: u64,
}

/// How fast one way is, and what it allocates for one feed.
#[derive(Serialize)]
struct Way {
    megabytes_per_second: f64,
    allocations: u64,
    allocated_bytes: u64,
    peak_bytes: u64,
}

/// One hostile document.
#[derive(Serialize)]
struct Survived {
    name: &'static str,
    bytes: usize,
    answer: String,
    milliseconds: f64,
    peak_bytes: u64,
    /// The highest memory beside the document itself, as a multiple of its size.
    peak_to_input: f64,
}

pub(crate) fn run(options: &Options) -> Outcome<()> {
    let mut report = Report { feeds: Vec::new(), hostile: Vec::new() };
    for format in Format::ALL {
        for size in SIZES.into_iter().take(if options.short { 1 } else { SIZES.len() }) {
            report.feeds.push(ordinary(format, size, Duration::from_millis(options.milliseconds))?);
        }
    }
    if !options.short {
        report.hostile.extend(hostile::documents().iter().map(survived));
    }
    if options.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
        return Ok(());
    }
    print(&report)
}

/// Bare feed-rs: no guard, no repair, no cleaning.
fn bare(document: &[u8]) -> usize {
    let parser = feed_rs::parser::Builder::new().sanitize_content(false).build();
    parser.parse(document).map_or(0, |feed| feed.entries.len())
}

fn read_only(document: &[u8]) -> usize {
    feed::read(document, None, BASE).map_or(0, |document| document.drafts.len())
}

fn whole(document: &[u8]) -> usize {
    feed::parse(document, None, BASE).map_or(0, |parsed| parsed.items.len())
}

fn ordinary(format: Format, size: usize, each: Duration) -> Outcome<Measured> {
    let document = articles::feed(format, size);
    let ways: [fn(&[u8]) -> usize; 3] = [bare, read_only, whole];
    let items = ways.map(|way| way(&document));
    if items.iter().any(|count| *count == 0 || *count != items[0]) {
        return Err(format!("the measurement is void: {} of {size} bytes has {items:?} items", format.name()).into());
    }
    let mut fastest = [0.0_f64; 3];
    for _ in 0..ROUNDS {
        for (fastest, way) in fastest.iter_mut().zip(ways) {
            *fastest = fastest.max(speed(&document, way, each));
        }
    }
    let of = |at: usize| {
        let AllocationInfo { count_total, bytes_total, bytes_max, .. } = allocation_counter::measure(|| {
            std::hint::black_box(ways[at](&document));
        });
        Way {
            megabytes_per_second: fastest[at],
            allocations: count_total,
            allocated_bytes: bytes_total,
            peak_bytes: bytes_max,
        }
    };
    let (read_only, whole) = (of(1), of(2));
    Ok(Measured {
        format: format.name(),
        bytes: document.len(),
        items: items[0],
        bare_feed_rs: of(0),
        cleaning_alone: Cleaning {
            // Both are times for a byte, the other way round.
            megabytes_per_second: 1.0 / (1.0 / fastest[2] - 1.0 / fastest[1]),
            allocations: whole.allocations.saturating_sub(read_only.allocations),
        },
        read_only,
        whole,
        whole_to_bare: fastest[2] / fastest[0],
    })
}

/// Megabytes in a second of CPU.
fn speed(document: &[u8], way: fn(&[u8]) -> usize, at_least: Duration) -> f64 {
    let started = cpu();
    let mut bytes = 0;
    loop {
        std::hint::black_box(way(std::hint::black_box(document)));
        bytes += document.len();
        let used = cpu() - started;
        if used >= at_least {
            return bytes as f64 / 1e6 / used.as_secs_f64();
        }
    }
}

fn survived((name, document): &hostile::Hostile) -> Survived {
    let mut answer = String::new();
    let started = cpu();
    let info = allocation_counter::measure(|| {
        answer = match feed::parse(document, None, BASE) {
            Ok(parsed) => format!("{} items", parsed.items.len()),
            Err(error) => error.to_string(),
        };
    });
    Survived {
        name,
        bytes: document.len(),
        answer,
        milliseconds: (cpu() - started).as_secs_f64() * 1_000.0,
        peak_bytes: info.bytes_max,
        peak_to_input: info.bytes_max as f64 / document.len() as f64,
    }
}

fn print(report: &Report) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if cfg!(debug_assertions) {
        writeln!(out, "This is a debug build: its numbers mean nothing.")?;
    }
    writeln!(out, "Ordinary feeds; MB/s of CPU time, allocations per feed\n")?;
    writeln!(
        out,
        "{:6} {:>8} {:>6} {:>12} {:>12} {:>12} {:>12} {:>11} {:>11} {:>11} {:>12} {:>11} {:>9}",
        "format",
        "KB",
        "items",
        "feed-rs MB/s",
        "read MB/s",
        "clean MB/s",
        "whole MB/s",
        "whole/bare",
        "bare allocs",
        "read allocs",
        "clean allocs",
        "all allocs",
        "peak KB"
    )?;
    for feed in &report.feeds {
        writeln!(
            out,
            "{:6} {:>8} {:>6} {:>12.1} {:>12.1} {:>12.1} {:>12.1} {:>11.2} {:>11} {:>11} {:>12} {:>11} {:>9}",
            feed.format,
            feed.bytes / 1_000,
            feed.items,
            feed.bare_feed_rs.megabytes_per_second,
            feed.read_only.megabytes_per_second,
            feed.cleaning_alone.megabytes_per_second,
            feed.whole.megabytes_per_second,
            feed.whole_to_bare,
            feed.bare_feed_rs.allocations,
            feed.read_only.allocations,
            feed.cleaning_alone.allocations,
            feed.whole.allocations,
            feed.whole.peak_bytes / 1_000,
        )?;
    }
    writeln!(out, "\nHostile documents, the whole path\n")?;
    writeln!(out, "{:28} {:>8} {:>9} {:>9} {:>8}  answer", "document", "KB", "ms", "peak KB", "x input")?;
    for hostile in &report.hostile {
        writeln!(
            out,
            "{:28} {:>8} {:>9.1} {:>9} {:>8.2}  {}",
            hostile.name,
            hostile.bytes / 1_000,
            hostile.milliseconds,
            hostile.peak_bytes / 1_000,
            hostile.peak_to_input,
            hostile.answer
        )?;
    }
    Ok(())
}
