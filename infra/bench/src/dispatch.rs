//! `bench dispatch`: one tick of the wheel over very many sources, and how far that carries.
//!
//! One source is added and fetched as ever; what the store then holds of it is written again under other names, straight into the
//! embedded tables: its poll state, its pointer and its last job, which is all that a tick looks at.

use std::io::Write as _;
use std::time::Duration;

use domain::id::{SourceId, SystemEntropy};
use domain::wheel::Slot;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::Outcome;
use crate::machine::{MINUTE, Machine, Setup};
use crate::measure::{cpu, forget_peak, peak_mb, resident_mb};
use crate::simulate;
use crate::split::Split;
use crate::web::Web;

/// The smallest number of sources; each further one is ten times the one before.
const SMALLEST: u64 = 10_000;
/// Ticks of which the mean counts.
const TICKS: u64 = 3;
/// Sources that are written together.
const AT_ONCE: usize = 10_000;
/// No tick takes longer.
const PATIENCE: Duration = Duration::from_secs(900);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many sources, at the most: it is measured with ten thousand, ten times that, and so on up to this.
    #[arg(long, default_value_t = 1_000_000)]
    sources: u64,
    /// How long a call to a table or queue takes besides, in milliseconds, in the ticks that are measured with waiting.
    #[arg(long, default_value_t = 8)]
    latency_ms: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A tick over so many sources; what it takes is the mean of three, for each source that was due.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Tick {
    pub(crate) sources: u64,
    /// Sources due in one tick.
    pub(crate) due: f64,
    pub(crate) seconds: f64,
    /// The same where each call has to be waited for.
    pub(crate) seconds_waiting: f64,
    /// CPU of the dispatcher and the SDK, and of the embedded servers.
    pub(crate) cpu_ms: f64,
    pub(crate) servers_cpu_ms: f64,
    pub(crate) calls: f64,
    pub(crate) sqs_requests: f64,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    /// Memory that a tick took above what was taken before it, in millions of bytes.
    pub(crate) memory_mb: Option<f64>,
}

/// All that is printed.
#[derive(Serialize)]
struct Report {
    measured: Vec<Tick>,
    simulated: simulate::Simulation,
}

pub(crate) async fn run(options: &Options) -> Outcome<()> {
    let mut measured = Vec::new();
    let mut sources = SMALLEST.min(options.sources);
    loop {
        measured.push(tick(sources, Duration::from_millis(options.latency_ms)).await?);
        if sources >= options.sources {
            break;
        }
        sources = (sources * 10).min(options.sources);
    }
    let Some(last) = measured.last() else { return Err("nothing was measured".into()) };
    let simulated = simulate::of(last, options.latency_ms);
    print(&Report { measured, simulated }, options.json)
}

async fn tick(sources: u64, latency: Duration) -> Outcome<Tick> {
    let mut web = Web::start()?;
    let machine = Machine::start_with(Setup { rate_floor: Some(sources), ..Setup::default() }).await?;
    machine.add(&web.url(0)).await?;
    machine.drain().await?;
    let template = Template::of(&machine.rows()?, web.count()?.feeds)?;
    // The wheel stands at the present when the others come, whose interval has gone by.
    machine.pass(61 * MINUTE);
    machine.dispatch(PATIENCE).await?;
    fill(&machine, &template, sources)?;
    let quick = ticks(&machine).await?;
    machine.meters.tap.wait(latency);
    let waiting = ticks(&machine).await?;
    Ok(Tick { sources, seconds_waiting: waiting.seconds, ..quick })
}

/// Three ticks; of sources that are due in no other one.
async fn ticks(machine: &Machine) -> Outcome<Tick> {
    let meters = &machine.meters;
    meters.begin_anew();
    Split::take(Duration::ZERO);
    let (before, mut due, mut taken) = (resident_mb(), 0, Duration::ZERO);
    forget_peak();
    let used = cpu();
    for _ in 0..TICKS {
        machine.pass(MINUTE);
        let began = Instant::now();
        let report = machine.dispatch(PATIENCE).await?;
        taken += began.elapsed();
        due += report.queued;
        if report.queued == 0 || report.unfinished + report.put_off + report.refused + report.raced > 0 {
            return Err(format!("the measurement is void: {report:?}").into());
        }
    }
    let used = cpu() - used;
    let (units, traffic, split) = (meters.units(), meters.tap.take(), Split::take(used));
    let each = |total: f64| total / due as f64;
    Ok(Tick {
        sources: 0,
        due: due as f64 / TICKS as f64,
        seconds: taken.as_secs_f64() / TICKS as f64,
        seconds_waiting: 0.0,
        cpu_ms: each(used.as_secs_f64() * 1_000.0 - split.servers),
        servers_cpu_ms: each(split.servers),
        calls: each((traffic.dynamodb + traffic.sqs) as f64),
        sqs_requests: each(traffic.sqs as f64),
        read_units: each(units.read_units),
        write_units: each(units.write_units),
        memory_mb: before.zip(peak_mb()).map(|(before, peak)| (peak - before).max(0.0)),
    })
}

/// What the store holds of one source, with its names marked.
struct Template(Vec<String>);

const SOURCE: &str = "<source>";
const SLOT: &str = "<slot>";
const NUMBER: &str = "<number>";

impl Template {
    /// Of the only source there is.
    fn of(rows: &[Value], feeds: u64) -> Outcome<Self> {
        let text = |row: &Value, name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
        let poll = rows.iter().find(|row| row.get("slot").is_some()).ok_or("no poll state")?;
        let (source, slot) = (text(poll, "source"), text(poll, "slot"));
        let pointer = rows.iter().find(|row| row.get("lease_until").is_some()).ok_or("no pointer")?;
        let job = text(pointer, "job");
        let finished = rows.iter().find(|row| text(row, "sk").ends_with(&job)).ok_or("its job has no end")?;
        let (_, random) = job.rsplit_once('-').ok_or("a job's id is no UUID")?;
        let mark = |row: &Value| {
            let row = row.to_string().replace(&source, SOURCE).replace(&format!("\"{slot}\""), &format!("\"{SLOT}\""));
            row.replace(random, NUMBER)
                .replace("//f0.", &format!("//f{NUMBER}."))
                .replace("\"f0.", &format!("\"f{NUMBER}."))
        };
        if feeds != 1 {
            return Err("the feed was not fetched".into());
        }
        Ok(Self([poll, pointer, finished].map(mark).into()))
    }

    fn rows(&self, source: SourceId, number: usize) -> impl Iterator<Item = Outcome<Value>> {
        let Slot { period, phase, shard } = Slot::of(source, 60, 1);
        let (slot, number) = (format!("{period}#{phase}#{shard}"), format!("{number:012x}"));
        self.0.iter().map(move |row| {
            let row = row.replace(SOURCE, source.as_str()).replace(SLOT, &slot).replace(NUMBER, &number);
            Ok(serde_json::from_str(&row)?)
        })
    }
}

fn fill(machine: &Machine, template: &Template, sources: u64) -> Outcome<()> {
    let mut ids: Vec<SourceId> = (0..sources).map(|_| SourceId::draw(&mut SystemEntropy)).collect();
    // In the order of the keys the tables grow at one end.
    ids.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    for (n, some) in ids.chunks(AT_ONCE).enumerate() {
        let rows = some.iter().enumerate().flat_map(|(at, source)| template.rows(*source, n * AT_ONCE + at));
        machine.put_rows(rows.collect::<Outcome<Vec<_>>>()?)?;
    }
    Ok(())
}

fn print(report: &Report, json: bool) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
        return Ok(());
    }
    if cfg!(debug_assertions) {
        writeln!(out, "This is a debug build: its numbers mean nothing.")?;
    }
    writeln!(out, "One tick, and for each source that is due in it\n")?;
    let names = ["due", "s", "s, waiting", "CPU ms", "servers", "calls", "SQS", "reads", "writes", "MB a tick"];
    let row = |cells: Vec<String>| cells.iter().map(|cell| format!("{cell:>11}")).collect::<String>();
    writeln!(out, "{:>9}{}", "sources", row(names.map(str::to_owned).into()))?;
    for tick in &report.measured {
        let per = [tick.cpu_ms, tick.servers_cpu_ms, tick.calls, tick.sqs_requests, tick.read_units, tick.write_units];
        let mut cells = vec![format!("{:.0}", tick.due), format!("{:.2}", tick.seconds)];
        cells.push(format!("{:.2}", tick.seconds_waiting));
        cells.extend(per.map(|number| format!("{number:.3}")));
        cells.push(tick.memory_mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0}")));
        writeln!(out, "{:>9}{}", tick.sources, row(cells))?;
    }
    simulate::print(&mut out, &report.simulated)?;
    Ok(())
}
