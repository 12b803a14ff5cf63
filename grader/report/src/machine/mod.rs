//! What programs read: `report.json` and `gradebook.csv`.

mod csv;
mod json;

pub use csv::gradebook;
pub use json::{SCHEMA, report};
