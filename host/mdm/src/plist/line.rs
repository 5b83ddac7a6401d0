//! From byte offsets to the line and column that a person sees in an editor.
//!
//! Knows nothing of property lists. Invariant: one look-up reads at most [`STEP`] bytes, however
//! long a line is, so that ten thousand findings on one line cost no more than on many.

/// Bytes between two remembered places: a place costs 8 bytes, a look-up on average half a step.
const STEP: usize = 128;

/// Lines and columns of a text.
#[derive(Debug, Clone)]
pub struct LineIndex<'a> {
    text: &'a [u8],
    /// The place at each multiple of [`STEP`].
    places: Vec<(u32, u32)>,
}

impl<'a> LineIndex<'a> {
    /// Walks over `text` once.
    pub fn new(text: &'a [u8]) -> Self {
        let mut place = (1, 1);
        let mut places = Vec::with_capacity(text.len() / STEP + 1);
        for start in (0..text.len()).step_by(STEP) {
            places.push(place);
            place = after_step(text, start, place);
        }
        if text.len().is_multiple_of(STEP) {
            places.push(place);
        }
        Self { text, places }
    }

    /// The line and column of the character at `offset`, both from 1; the column counts
    /// characters, not bytes. An offset past the end is taken as the end.
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let step = offset / STEP;
        let start = self.places.get(step).copied().unwrap_or((1, 1));
        (step * STEP..offset).fold(start, |place, at| after(self.text, at, place))
    }
}

/// The place one step after the one at `start`, or at the end of the text.
fn after_step(text: &[u8], start: usize, (line, column): (u32, u32)) -> (u32, u32) {
    let end = text.len().min(start + STEP);
    let step = &text[start..end];
    if step.contains(&b'\r') || end == text.len() {
        return (start..end).fold((line, column), |place, at| after(text, at, place));
    }
    let count = |bytes: &[u8], is_one: fn(&&u8) -> bool| bytes.iter().filter(is_one).count();
    let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let lines = count(step, |byte| **byte == b'\n');
    // A character counts where the next one begins.
    let begins: fn(&&u8) -> bool = |byte| !matches!(**byte, 0x80..=0xBF);
    match step.iter().rposition(|byte| *byte == b'\n') {
        None => (line, column + narrow(count(&text[start + 1..=end], begins))),
        Some(last) => {
            let columns = count(&text[start + last + 2..=end.max(start + last + 1)], begins);
            (line + narrow(lines), 1 + narrow(columns))
        }
    }
}

/// The place after the byte at `offset`. A line ends with `\n`, `\r\n` or a lone `\r`, and a
/// byte that goes on with a UTF-8 sequence moves nothing.
fn after(text: &[u8], offset: usize, (line, column): (u32, u32)) -> (u32, u32) {
    match text[offset] {
        b'\n' => (line + 1, 1),
        b'\r' if text.get(offset + 1) != Some(&b'\n') => (line + 1, 1),
        _ => match text.get(offset + 1) {
            Some(0x80..=0xBF) => (line, column),
            _ => (line, column + 1),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines end in three ways, and columns count characters.
    #[test]
    fn lines_and_columns() {
        let text = "ab\nc\r\nd\re\u{e9}\u{1F600}f";
        let index = LineIndex::new(text.as_bytes());
        let place = |needle: char| index.position(text.find(needle).unwrap());
        assert_eq!(place('a'), (1, 1));
        assert_eq!(place('b'), (1, 2));
        assert_eq!(place('c'), (2, 1));
        assert_eq!(place('d'), (3, 1));
        assert_eq!(place('e'), (4, 1));
        assert_eq!(place('\u{1F600}'), (4, 3));
        assert_eq!(place('f'), (4, 4));
        assert_eq!(index.position(10_000), (4, 5));
        assert_eq!(LineIndex::new(b"").position(0), (1, 1));
    }

    /// The remembered places agree with a plain walk, at every offset of a text of many steps.
    #[test]
    fn steps_agree_with_a_walk() {
        for part in [
            "line one\r\nz\u{e4}\u{df}\n",
            "\u{1F600}line two\n\nz\u{e4}\u{df}",
            "one long line with \u{df}. ",
        ] {
            let text = part.repeat(400);
            let index = LineIndex::new(text.as_bytes());
            let mut place = (1, 1);
            for offset in 0..text.len() {
                assert_eq!(index.position(offset), place, "offset {offset}");
                place = after(text.as_bytes(), offset, place);
            }
        }
    }
}
