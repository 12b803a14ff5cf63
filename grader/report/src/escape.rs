//! Makes text that comes from a student's program, file or compiler harmless and short. Control
//! characters become visible, so no escape sequence reaches a terminal and no newline can start a
//! line that looks like ours. HTML is escaped by the page's template, not here.

use unicode_width::UnicodeWidthChar;

/// The longest piece of foreign text within a sentence, in columns.
pub const LONGEST: usize = 160;

/// One line of foreign text: control characters and characters that change the direction or hide
/// others are written as escapes.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            c if c.is_control() || is_deceiving(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Foreign text as a quotation within a sentence, cut to a sane length.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(&line(text), LONGEST))
}

/// Foreign bytes as one line of text; what is not UTF-8 is replaced.
#[must_use]
pub fn bytes(bytes: &[u8]) -> String {
    line(&String::from_utf8_lossy(bytes))
}

/// The lines of foreign text, each harmless, behind a bar that our own lines never have. At most
/// `most` of them; the last says how many were left out.
#[must_use]
pub fn block(text: &str, most: usize) -> Vec<String> {
    let all: Vec<&str> = text.lines().collect();
    let mut shown: Vec<String> =
        all.iter().take(most).map(|l| format!("│ {}", cut(&line(l), LONGEST))).collect();
    if all.len() > most {
        shown.push(format!("│ … and {} more lines", all.len() - most));
    }
    shown
}

/// `text` cut to `width` columns; a cut is marked by an ellipsis.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    let mut out = String::new();
    let total: usize = text.chars().filter_map(UnicodeWidthChar::width).sum();
    if total <= width {
        return text.to_owned();
    }
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push('…');
    out
}

/// A word as a shell takes it: quoted where a shell would read more into it.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if word.chars().any(char::is_control) {
        format!("$'{}'", line(&word.replace('\\', "\\\\").replace('\'', "\\'")))
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Characters that are printed as nothing or that turn the direction of what follows.
fn is_deceiving(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(line("\u{1b}]0;title\u{7}"), "\\u{1b}]0;title\\u{7}");
        assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(quoted("a\0b\u{202e}c"), "\"a\\0b\\u{202e}c\"");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(bytes(b"ok \xff\xfe"), "ok \u{fffd}\u{fffd}");
    }

    #[test]
    fn a_forged_line_stays_behind_the_bar() {
        let forged = "fine\n\u{1b}[2Jexpected   nothing\nx\ny";
        assert_eq!(
            block(forged, 2),
            ["│ fine", "│ \\u{1b}[2Jexpected   nothing", "│ … and 2 more lines"]
        );
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert!(quoted(&"x".repeat(10_000)).len() < 200);
    }

    #[test]
    fn a_word_of_a_command_can_be_pasted() {
        assert_eq!(shell_word("reap_all"), "reap_all");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("$(rm)"), "'$(rm)'");
        assert_eq!(shell_word("a\nb"), "$'a\\nb'");
    }
}
