//! Metrics: one line of JSON for each batch or invocation, in CloudWatch's embedded metric format, from which CloudWatch makes metrics without
//! a call. No dimensions: each combination of them is a metric that is paid for; per source, the jobs tell. What is a mere fact of a line costs nothing but its
//! bytes, and can be searched for.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use domain::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::settings::Vars;

/// In what a metric is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
        }
    }
}

/// The most values of one metric in one line.
const MAX_VALUES: usize = 100;

/// One line in the making.
#[derive(Clone, Debug, Default)]
pub struct Record {
    metrics: Vec<Value>,
    members: Map<String, Value>,
}

impl Record {
    /// Of one function.
    pub fn of(function: &'static str) -> Self {
        Self::default().fact("function", function)
    }

    /// A metric with one value.
    #[must_use]
    pub fn count(self, name: &'static str, value: u64) -> Self {
        self.metric(name, Unit::Count, value.into())
    }

    /// A metric with many values, from which percentiles can be had; only the first hundred count. Without any, nothing is said.
    #[must_use]
    pub fn values(self, name: &'static str, unit: Unit, values: &[u64]) -> Self {
        if values.is_empty() {
            return self;
        }
        self.metric(name, unit, values[..values.len().min(MAX_VALUES)].into())
    }

    /// Something that is worth knowing and is no metric.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// All fields of a struct as facts. One that cannot be written as JSON is told of in the line instead.
    #[must_use]
    pub fn facts(mut self, facts: &impl Serialize) -> Self {
        match serde_json::to_value(facts) {
            Ok(Value::Object(object)) => self.members.extend(object),
            Ok(other) => return self.fact("facts", other),
            Err(error) => return self.fact("facts", error.to_string()),
        }
        self
    }

    fn metric(mut self, name: &'static str, unit: Unit, value: Value) -> Self {
        self.metrics.push(json!({ "Name": name, "Unit": unit.as_str() }));
        self.fact(name, value)
    }

    fn line(self, namespace: &str, now: Timestamp) -> String {
        let Self { metrics, mut members } = self;
        let directive = json!({ "Namespace": namespace, "Dimensions": [[]], "Metrics": metrics });
        members.insert("_aws".to_owned(), json!({ "Timestamp": now.as_millis(), "CloudWatchMetrics": [directive] }));
        Value::Object(members).to_string()
    }
}

/// Where lines go to. Clones share it.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Sink>>);

struct Sink {
    namespace: String,
    write: Box<dyn Fn(&str) + Send + Sync>,
}

impl Metrics {
    /// Nowhere: one machine has no CloudWatch.
    pub fn none() -> Self {
        Self(None)
    }

    /// To standard output, which Lambda hands to CloudWatch; under the namespace `FEEDMILL_METRICS_NAMESPACE`, by which two installations of
    /// one account are told apart.
    pub fn stdout(vars: &Vars) -> Self {
        Self::to(vars.get("FEEDMILL_METRICS_NAMESPACE").unwrap_or("Feedmill"), |line| {
            // One write, so that no other line gets in between. Who cannot be told of metrics can be told of nothing.
            drop(std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()));
        })
    }

    /// To whoever takes lines.
    pub fn to(namespace: &str, write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Sink { namespace: namespace.to_owned(), write: Box::new(write) })))
    }

    /// Writes a line.
    pub fn emit(&self, record: Record, now: Timestamp) {
        if let Some(sink) = &self.0 {
            (sink.write)(&record.line(&sink.namespace, now));
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.0.as_ref().map(|sink| &sink.namespace)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn a_line_is_what_cloudwatch_reads_without_any_dimension() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let metrics = Metrics::to("Mill", move |line| kept.lock().unwrap().push(line.to_owned()));
        let record = Record::of("fetcher")
            .count("Polls", 3)
            .values("FetchTime", Unit::Milliseconds, &[10, 20, 30])
            .values("Nothing", Unit::Count, &[])
            .facts(&json!({ "lane": "fast" }));
        metrics.emit(record, Timestamp::from_secs(7));
        let line: Value = serde_json::from_str(&lines.lock().unwrap()[0]).unwrap();
        let names =
            [json!({ "Name": "Polls", "Unit": "Count" }), json!({ "Name": "FetchTime", "Unit": "Milliseconds" })];
        let directive = json!({ "Namespace": "Mill", "Dimensions": [[]], "Metrics": names });
        let whole = json!({
            "_aws": { "Timestamp": 7_000, "CloudWatchMetrics": [directive] },
            "function": "fetcher", "lane": "fast", "Polls": 3, "FetchTime": [10, 20, 30],
        });
        assert_eq!(line, whole);
    }

    #[test]
    fn no_more_values_than_cloudwatch_takes() {
        let many: Vec<u64> = (0..250).collect();
        let line = Record::of("x").values("T", Unit::Milliseconds, &many).line("n", Timestamp::EPOCH);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["T"].as_array().map(Vec::len), Some(100));
    }

    #[test]
    fn nowhere_is_no_trouble() {
        Metrics::none().emit(Record::of("x"), Timestamp::EPOCH);
    }
}
