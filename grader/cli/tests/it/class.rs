//! The sample class, from its folder to the report.

use crate::door::{root, run};
use forklings_model::{Report, Rule, Verdict};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// What a submission must get, by exercise; the reason beside `refused`.
type Expected = BTreeMap<String, BTreeMap<String, Entry>>;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Graded { verdict: Verdict, rule: Option<Rule> },
    Refused(String),
}

#[test]
fn the_sample_class_gets_the_expected_verdicts() {
    let out = TempDir::new().unwrap();
    let report = out.path().join("report");
    // Its mistakes show in few schedules; `course check` tries the right programs in more.
    let out = ["--out", report.to_str().unwrap(), "--schedules", "20"];
    let args = [["grade", "grader/examples/class"].as_slice(), &out].concat();
    let said = run(&args);
    assert_eq!(said.code, 0, "{said:?}");
    let page = report.canonicalize().unwrap().join("index.html");
    assert!(said.stdout.contains(&format!("report: {}", page.display())), "{said:?}");
    for file in ["report.json", "report.schema.json", "gradebook.csv", "index.html"] {
        assert!(report.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    let json = fs::read_to_string(report.join("report.json")).unwrap();
    let graded: Report = serde_json::from_str(&json).unwrap();
    let yaml = fs::read_to_string(root().join("grader/examples/expected.yaml")).unwrap();
    let expected: Expected = serde_yaml::from_str(&yaml).unwrap();
    let mut wrong = Vec::new();
    let mut entries = 0;
    for (submission, exercises) in &expected {
        for (exercise, entry) in exercises {
            entries += 1;
            let came = came(&graded, submission, exercise);
            let must = match entry {
                Entry::Graded { verdict, rule } => described(*verdict, *rule),
                Entry::Refused(reason) => format!("refused: {reason}"),
            };
            if !came.starts_with(&must) {
                wrong.push(format!("{submission} {exercise}: must be {must}, came as {came}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(graded.graded.len() + graded.refused.len(), entries, "and nothing else is graded");
}

fn came(report: &Report, submission: &str, exercise: &str) -> String {
    let graded = report
        .graded
        .iter()
        .find(|graded| graded.submission.name == submission && graded.exercise == exercise);
    let refused = report.refused.iter().find(|(who, _)| who.name == submission);
    match (graded, refused) {
        (Some(graded), _) => described(graded.verdict, graded.rule),
        (None, Some((_, reason))) => format!("refused: {reason}"),
        (None, None) => "nothing".to_owned(),
    }
}

fn described(verdict: Verdict, rule: Option<Rule>) -> String {
    format!("{} {}", verdict.name(), rule.map_or("", Rule::name))
}
