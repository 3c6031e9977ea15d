//! The result as people read it.

use servers::Kind;

use super::Report;
use super::differences::DIFFERENCES;
use super::verdict::Verdict;

const PACKAGES: [&str; 3] = ["store", "queue", "blob"];

/// A line a server, and what stands behind the numbers.
pub(crate) fn show(reports: &[(Kind, Report)]) -> String {
    let mut shown = format!("\n| Server | {} |\n|---|---|---|---|\n", PACKAGES.join(" | "));
    for (kind, report) in reports {
        shown.push_str(&format!("| {kind} | {} |\n", PACKAGES.map(|package| cell(report, package)).join(" | ")));
    }
    shown.push('\n');
    for (kind, report) in reports {
        match report {
            Report::Skipped(why) => shown.push_str(&format!("*** {kind}: SKIPPED. {why} ***\n")),
            Report::Tested(verdicts) => {
                let partly = verdicts.iter().flat_map(|verdict| &verdict.partly);
                partly.for_each(|line| shown.push_str(&format!("{kind}: {line}\n")));
                for known in DIFFERENCES.iter().filter(|known| known.server == *kind) {
                    let (wrong, rule, tests) = (known.wrong, known.rule, known.tests.join(", "));
                    shown.push_str(&format!("{kind} {wrong}\n  AWS: {rule}\n  so these fail: {tests}\n"));
                }
            }
        }
    }
    shown
}

/// What nobody knew of.
pub(crate) fn wrong(kind: Kind, report: &Report) -> Vec<String> {
    match report {
        Report::Skipped(_) => Vec::new(),
        Report::Tested(verdicts) => {
            verdicts.iter().flat_map(|verdict| &verdict.wrong).map(|line| format!("{kind}: {line}")).collect()
        }
    }
}

fn cell(report: &Report, package: &str) -> String {
    match report {
        Report::Skipped(_) => "skipped".to_owned(),
        Report::Tested(verdicts) => match verdicts.iter().find(|verdict| verdict.package == package) {
            Some(verdict) => counts(verdict),
            None => "has none".to_owned(),
        },
    }
}

fn counts(verdict: &Verdict) -> String {
    let mut counts = format!("{} passed", verdict.passed);
    for (count, what) in
        [(verdict.partly.len(), "cases left out"), (verdict.differ, "failed as known"), (verdict.wrong.len(), "WRONG")]
    {
        if count > 0 {
            counts.push_str(&format!(", {count} {what}"));
        }
    }
    counts
}
