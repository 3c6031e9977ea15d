//! What the process used: CPU, memory, time; and what a phase of polling cost.

use crate::Outcome;
use crate::machine::Machine;
use crate::meters::{billed_seconds, platform_requests};
use crate::prices::{Dollars, Taken};
use crate::split::Split;
use crate::web::Web;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// What a number of polls cost, all of this process's threads together.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) phase: String,
    pub(crate) polls: u64,
    pub(crate) wall_seconds: f64,
    pub(crate) polls_per_second: f64,
    pub(crate) cpu_ms_per_poll: f64,
    /// Highest resident memory within the phase; none where the system does not say.
    pub(crate) peak_rss_mb: Option<f64>,
    /// What the farm was asked and answered, for each poll.
    pub(crate) bytes_out_per_poll: f64,
    pub(crate) bytes_in_per_poll: f64,
    /// Of the pipeline; the floor has none.
    pub(crate) pipeline: Option<Pipeline>,
}

/// What only the pipeline takes, for each poll.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pipeline {
    /// CPU of the functions, the embedded servers' apart, as a multiple of the floor's.
    pub(crate) functions_to_floor: f64,
    /// Whose CPU it was, in milliseconds; none where the servers are asked over HTTP, which mixes the accounts.
    pub(crate) split: Option<Split>,
    /// Requests that the functions made through the SDK.
    pub(crate) sdk_calls: f64,
    /// Those to SQS and what the platform asks it besides.
    pub(crate) sqs_requests: f64,
    pub(crate) s3_requests: f64,
    /// Bodies between the SDK and the servers, both ways.
    pub(crate) service_bytes: f64,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    pub(crate) messages_per_batch: f64,
    /// For a million.
    pub(crate) dollars: Dollars,
    pub(crate) dollars_on_demand: f64,
    pub(crate) dollars_provisioned: f64,
}

/// A phase under way.
pub(crate) struct Watch {
    cpu: Duration,
    wall: Instant,
}

impl Watch {
    /// Starts to count.
    pub(crate) fn start(web: &mut Web, machine: Option<&Machine>) -> Outcome<Self> {
        forget_peak();
        web.count_anew()?;
        if let Some(machine) = machine {
            machine.meters.begin_anew();
        }
        Split::take(Duration::ZERO);
        Ok(Self { cpu: cpu(), wall: Instant::now() })
    }

    /// What was used since the start.
    pub(crate) fn stop(self, phase: &str, polls: u64, web: &mut Web) -> Outcome<Cost> {
        Ok(self.cost(phase, polls, web)?.0)
    }

    /// The same of the pipeline, where a bare GET takes `floor` milliseconds of CPU.
    pub(crate) fn stop_pipeline(
        self,
        phase: &str,
        polls: u64,
        web: &mut Web,
        machine: &Machine,
        floor: f64,
    ) -> Outcome<Cost> {
        let (cost, cpu) = self.cost(phase, polls, web)?;
        let each = |total: f64| total / polls.max(1) as f64;
        let meters = &machine.meters;
        let (units, traffic, invocations) = (meters.units(), meters.tap.take(), meters.invocations());
        let split = Split::take(cpu).each(polls.max(1) as f64);
        let functions = cost.cpu_ms_per_poll - split.servers;
        let own = Duration::from_secs_f64(functions.max(0.0) / 1_000.0);
        let events = invocations.iter().filter(|one| one.is_event()).count();
        let taken = Taken {
            write_units: each(units.write_units),
            read_units: each(units.read_units),
            sqs_requests: each((traffic.sqs + platform_requests(&invocations)) as f64),
            s3_requests: each(traffic.s3 as f64),
            invocations: each(invocations.len() as f64),
            billed_seconds: each(billed_seconds(&invocations, own)),
            bytes_out: cost.bytes_out_per_poll,
            log_bytes: each(meters.log_bytes() as f64),
        };
        let dollars = Dollars::of(&taken);
        let pipeline = Pipeline {
            functions_to_floor: functions / floor,
            split: (!machine.over_http).then_some(split),
            sdk_calls: each((traffic.dynamodb + traffic.sqs + traffic.s3) as f64),
            sqs_requests: taken.sqs_requests,
            s3_requests: taken.s3_requests,
            service_bytes: each(traffic.bytes as f64),
            read_units: taken.read_units,
            write_units: taken.write_units,
            messages_per_batch: polls as f64 / events.max(1) as f64,
            dollars,
            dollars_on_demand: dollars.on_demand(),
            dollars_provisioned: dollars.with_provisioned(),
        };
        Ok(Cost { pipeline: Some(pipeline), ..cost })
    }

    fn cost(&self, phase: &str, polls: u64, web: &mut Web) -> Outcome<(Cost, Duration)> {
        let (cpu, wall) = (cpu() - self.cpu, self.wall.elapsed());
        let asked = web.count_anew()?;
        let each = |total: f64| total / polls.max(1) as f64;
        let cost = Cost {
            phase: phase.to_owned(),
            polls,
            wall_seconds: wall.as_secs_f64(),
            polls_per_second: polls as f64 / wall.as_secs_f64(),
            cpu_ms_per_poll: each(cpu.as_secs_f64() * 1_000.0),
            peak_rss_mb: peak_mb(),
            bytes_out_per_poll: each(asked.bytes_in as f64),
            bytes_in_per_poll: each(asked.bytes_out as f64),
            pipeline: None,
        };
        Ok((cost, cpu))
    }
}

/// CPU time of all threads of this process so far; its children are not in it.
pub(crate) fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    Duration::from_secs(part(used.tv_sec)) + Duration::from_nanos(part(used.tv_nsec))
}

/// Highest resident memory since [`forget_peak`], in megabytes; none where the system does not say.
pub(crate) fn peak_mb() -> Option<f64> {
    status("self", "VmHWM:").map(|kilobytes| kilobytes / 1_000.0)
}

/// Lets the highest mark of memory begin anew, where the system can (Linux); elsewhere it is that of the whole run.
pub(crate) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap_or_default();
}

/// Resident memory now, where the system tells, in millions of bytes.
pub(crate) fn resident_mb() -> Option<f64> {
    status("self", "VmRSS:").map(|kilobytes| kilobytes / 1_000.0)
}

/// A line of a process's status, in kilobytes; none where the system does not say.
pub(crate) fn status(process: &str, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1.024)
}
