//! What programs read: `report.json` and `gradebook.csv`.

mod csv;
mod json;
mod survey;

pub use csv::gradebook;
pub use json::{SCHEMA, report};
pub use survey::{SURVEY_SCHEMA, survey};
