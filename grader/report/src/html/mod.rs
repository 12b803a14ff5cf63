//! One self-contained page for a class. All text is escaped by the template; there is no script,
//! and the page's own policy forbids any.

mod view;

use forklings_model::Report;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};

const STYLE: &str = include_str!("style.css");

/// Base64 of the style sheet's SHA-256: the only style that the page's policy lets through. A test
/// says what it must be after a change.
const STYLE_HASH: &str = "sha256-O9x+sH960a5BGuvdmzfVTICSTA7huNvaWKgvyXdgC1I=";

/// The page `index.html`.
///
/// # Errors
/// Fails when the template does, which is a mistake of this crate.
pub fn report(report: &Report) -> Result<String, minijinja::Error> {
    let mut page = Environment::new();
    page.set_auto_escape_callback(|_| AutoEscape::Html);
    page.add_template("page", include_str!("page.html"))?;
    page.get_template("page")?.render(Serde(view::page(report, STYLE, STYLE_HASH)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_policy_lets_the_style_sheet_through() {
        let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        assert_eq!(STYLE_HASH, format!("sha256-{hash}"));
    }
}
