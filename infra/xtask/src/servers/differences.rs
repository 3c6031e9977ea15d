//! Where other servers are known to differ from AWS, and which tests fail for it. `docs/OPERATING.md` tells people the same.

use servers::Kind;

/// One thing that a server does otherwise than AWS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Difference {
    pub(crate) server: Kind,
    /// The crate whose tests fail for it.
    pub(crate) package: &'static str,
    /// They, by name. Each must fail.
    pub(crate) tests: &'static [&'static str],
    /// What each of them says when it fails for this reason.
    pub(crate) told: &'static str,
    /// What the server does.
    pub(crate) wrong: &'static str,
    /// What AWS does, and where that is written.
    pub(crate) rule: &'static str,
}

/// All that are known. One that is gone makes the run fail, as one that is new does.
pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        server: Kind::Ministack,
        package: "store",
        tests: &["units::an_unchanged_poll_is_two_writes_and_one_read_and_less_than_half_a_call"],
        told: "left: [Reading { calls: 2, read_units: 0.0, write_units: 0.0 }, \
               Reading { calls: 4, read_units: 0.0, write_units: 100.0 }, \
               Reading { calls: 4, read_units: 0.0, write_units: 100.0 }]",
        wrong: "does not say what BatchGetItem consumes.",
        rule: "an entry a table, where ReturnConsumedCapacity asks for it (API reference of BatchGetItem, ConsumedCapacity)",
    },
    Difference {
        server: Kind::Ministack,
        package: "blob",
        tests: &["a_wrong_secret_is_refused_for_good"],
        told: "Ok(BlobKey",
        wrong: "does not check signatures.",
        rule: "403 SignatureDoesNotMatch (API reference of S3, error responses)",
    },
    Difference {
        server: Kind::DynamodbLocal,
        package: "store",
        tests: &[
            "bulk::a_batch_of_sixty_has_sixty_outcomes_of_its_own",
            "bulk::two_jobs_for_one_source_in_one_batch_race_each_other",
            "bulk::when_the_store_is_silent_nobody_knows_and_asking_again_tells",
            "hand::a_job_whose_answer_got_lost_is_queued",
            "hand::nothing_is_queued_for_a_source_that_is_gone_or_not_known_to_be_open",
            "hand::of_two_that_queue_a_job_one_wins_and_the_other_sees_what_is_there",
        ],
        told: "NotActive",
        wrong: "does not show the item for which a statement of BatchExecuteStatement was refused (that of ExecuteStatement it shows).",
        rule: "Error.Item, where ReturnValuesOnConditionCheckFailure asks for it (API reference of BatchStatementError)",
    },
    Difference {
        server: Kind::DynamodbLocal,
        package: "store",
        tests: &["units::an_unchanged_poll_is_two_writes_and_one_read_and_less_than_half_a_call"],
        told: "left: [Reading { calls: 2, read_units: 100.0, write_units: 0.0 }, \
               Reading { calls: 4, read_units: 0.0, write_units: 0.0 }, \
               Reading { calls: 4, read_units: 0.0, write_units: 0.0 }]",
        wrong: "does not say what BatchExecuteStatement consumes.",
        rule: "an entry a statement, where ReturnConsumedCapacity asks for it (API reference of BatchExecuteStatement, ConsumedCapacity)",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_every_difference() {
        let told = include_str!("../../../../docs/OPERATING.md");
        for known in DIFFERENCES {
            let line = format!("- {} {}", known.server, known.wrong);
            assert!(told.contains(&line), "docs/OPERATING.md lacks: {line}");
        }
    }
}
