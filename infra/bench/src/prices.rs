//! What AWS charges, and what a million polls come to. us-east-1, Lambda on arm64, November 2026; docs/BENCHMARKS.md names the pages.

use serde::Serialize;

/// Dollars for a million DynamoDB write request units, on demand.
const WRITE_UNITS: f64 = 0.625;
/// Dollars for a million read request units, on demand; an eventually consistent read of up to 4 KB is half of one.
const READ_UNITS: f64 = 0.125;
/// Dollars for an hour of one provisioned write unit a second.
const WRITE_CAPACITY_HOUR: f64 = 0.00065;
/// The same of reads.
const READ_CAPACITY_HOUR: f64 = 0.00013;
/// How much of what is provisioned is used; the rest is headroom.
const USED: f64 = 0.8;
/// Dollars for a million SQS requests (standard queue; up to 64 KB each).
const SQS_REQUESTS: f64 = 0.40;
/// Dollars for a million S3 PUTs; a GET is a twelfth, and counted as if it were one.
const S3_REQUESTS: f64 = 5.0;
/// Dollars for a GB-second of Lambda.
const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// Dollars for a million invocations.
const LAMBDA_REQUESTS: f64 = 0.20;
/// What the template gives a fetcher, in GB,
const LAMBDA_GB: f64 = 0.25;
/// and what of a core comes with it: 1,769 MB are a whole one.
pub(crate) const LAMBDA_CORES: f64 = 256.0 / 1_769.0;
/// Dollars for a GB that goes out to the internet, after the first 100 of a month.
const EGRESS_GB: f64 = 0.09;
/// Dollars for a GB of logs.
const LOGS_GB: f64 = 0.50;
/// Bytes that a TLS handshake sends (X25519, no client certificate). The farm speaks plain HTTP: this one is not counted but known.
const HANDSHAKE_BYTES: f64 = 700.0;

/// What one poll takes, on average.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    pub(crate) sqs_requests: f64,
    pub(crate) s3_requests: f64,
    pub(crate) invocations: f64,
    /// Seconds of a function's time.
    pub(crate) billed_seconds: f64,
    /// Bytes sent to origins, without TLS.
    pub(crate) bytes_out: f64,
    pub(crate) log_bytes: f64,
}

/// Dollars for a million polls, storage apart.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Dollars {
    pub(crate) writes: f64,
    pub(crate) reads: f64,
    pub(crate) provisioned: f64,
    pub(crate) sqs: f64,
    pub(crate) s3: f64,
    pub(crate) lambda: f64,
    pub(crate) logs: f64,
    pub(crate) egress: f64,
}

impl Dollars {
    pub(crate) fn of(taken: &Taken) -> Self {
        let per_unit = |hour: f64| hour / 3_600.0 / USED * 1e6;
        let gigabytes = |bytes: f64| bytes * 1e6 / 1e9;
        Self {
            writes: taken.write_units * WRITE_UNITS,
            reads: taken.read_units * READ_UNITS,
            provisioned: taken.write_units * per_unit(WRITE_CAPACITY_HOUR)
                + taken.read_units * per_unit(READ_CAPACITY_HOUR),
            sqs: taken.sqs_requests * SQS_REQUESTS,
            s3: taken.s3_requests * S3_REQUESTS,
            lambda: taken.billed_seconds * LAMBDA_GB * LAMBDA_GB_SECOND * 1e6 + taken.invocations * LAMBDA_REQUESTS,
            logs: gigabytes(taken.log_bytes) * LOGS_GB,
            egress: gigabytes(taken.bytes_out + HANDSHAKE_BYTES) * EGRESS_GB,
        }
    }

    fn beside_the_table(&self) -> f64 {
        self.sqs + self.s3 + self.lambda + self.logs + self.egress
    }

    /// All of it, the table on demand.
    pub(crate) fn on_demand(&self) -> f64 {
        self.writes + self.reads + self.beside_the_table()
    }

    /// All of it, the table's capacity provisioned.
    pub(crate) fn with_provisioned(&self) -> f64 {
        self.provisioned + self.beside_the_table()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_writes_one_read_and_three_tenths_of_a_message_are_one_dollar_fifty_a_million() {
        let taken = Taken { write_units: 2.0, read_units: 1.0, sqs_requests: 0.3, ..Taken::default() };
        let dollars = Dollars::of(&taken);
        assert!((dollars.writes - 1.25).abs() < 1e-9 && (dollars.reads - 0.125).abs() < 1e-9, "{dollars:?}");
        assert!((dollars.sqs - 0.12).abs() < 1e-9, "{dollars:?}");
        assert!((dollars.provisioned - 0.4966).abs() < 1e-3, "{dollars:?}");
        assert!((dollars.on_demand() - 1.558).abs() < 1e-9, "{}", dollars.on_demand());
    }
}
