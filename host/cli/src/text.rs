//! Texts for a terminal: cleaned of what others put into them, and aligned in tables.
//!
//! Knows nothing of what the texts mean. Invariant: no cell of a table and no cleaned text holds a
//! character that moves the cursor, changes colours or turns the direction of writing.

/// A text from elsewhere, without control characters and without marks that turn its direction.
/// Line breaks and tabs become spaces.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => None,
            _ if c.is_control() => None,
            _ => Some(c),
        })
        .collect()
}

/// A text as one word of a command that a person copies into a shell: quoted where the shell would
/// make more of it.
pub(crate) fn shell_word(text: &str) -> String {
    let text = clean(text);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The same for the last word of a command, which must not be taken for an option.
pub(crate) fn positional(text: &str) -> String {
    let dashes = if text.starts_with('-') { "-- " } else { "" };
    dashes.to_owned() + &shell_word(text)
}

/// What stands where a value is not known.
pub(crate) const NOT_KNOWN: &str = "-";

/// The text, or [`NOT_KNOWN`].
pub(crate) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| NOT_KNOWN.to_owned(), |value| value.to_string())
}

/// Widest column that is padded to, in characters; a longer cell moves the rest of its line.
const CELL_WIDTH_MAX: usize = 200;

/// Rows under headings, each column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            rows: vec![headings.into_iter().map(str::to_owned).collect()],
        }
    }

    /// Adds a row of as many cells as there are headings; they are cleaned here.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| clean(&cell));
        self.rows.push(cells.collect());
    }

    /// Whether there is nothing but the headings.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// The table, each line indented by `indent` and ended by a line break.
    pub(crate) fn render(&self, indent: &str) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
                .min(CELL_WIDTH_MAX)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&widths);
            let line: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            text.push_str(indent);
            text.push_str(line.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// Names and values, one pair a line; the values are aligned, and cleaned here.
pub(crate) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!("  {name:<width$}  {}\n", clean(value));
    pairs.iter().map(line).collect()
}

/// A number with its noun: `1 host`, `2 hosts`, `0 pushes`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "numbers of any type, which are copied"
)]
pub(crate) fn count(number: impl ToString, noun: &str) -> String {
    let number = number.to_string();
    let plural = match number.as_str() {
        "1" => "",
        _ if noun.ends_with("sh") => "es",
        _ => "s",
    };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that escape sequences and direction marks cannot reach a terminal.
    #[test]
    fn control_characters_go() {
        assert_eq!(clean("a\u{1b}[31mb\u{9b}1mc\u{7}\u{7f}"), "a[31mb1mc");
        assert_eq!(clean("gpj.\u{202e}exe\u{2066}x\u{200f}"), "gpj.exex");
        assert_eq!(clean("Zoë's\tMac\r\n日本"), "Zoë's Mac  日本");
    }

    /// Proves that a name from a device is one word and no option in a command that is copied.
    #[test]
    fn words_of_a_shell() {
        for (text, word) in [
            ("C02X-1", "C02X-1"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(reboot);`x`", "'$(reboot);`x`'"),
            ("it's\u{1b}", r"'it'\''s'"),
            ("--url=x", "-- --url=x"),
        ] {
            assert_eq!(positional(text), word);
        }
    }

    /// Proves that columns are aligned by characters and that lines do not end in spaces.
    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["NAME", "N"]);
        table.row(["Zoë".to_owned(), "1".to_owned()]);
        table.row(["a longer\u{1b} one".to_owned(), "22".to_owned()]);
        assert_eq!(
            table.render(" "),
            " NAME          N\n Zoë           1\n a longer one  22\n"
        );
        let counts = [count(1, "host"), count(0_u64, "host"), count(2, "push")];
        assert_eq!(counts, ["1 host", "0 hosts", "2 pushes"]);
    }
}
