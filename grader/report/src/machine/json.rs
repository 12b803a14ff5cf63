//! `report.json`, and the schema that lies beside it.

use forklings_model::Report;

/// The JSON Schema of `report.json`, to be written beside it as `report.schema.json`.
pub const SCHEMA: &str = include_str!("../../report.schema.json");

/// The report as JSON, ending with a newline.
///
/// # Errors
/// Fails when a path within is not UTF-8.
pub fn report(report: &Report) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
