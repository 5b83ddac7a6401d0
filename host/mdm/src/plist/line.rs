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
        for (offset, _) in text.iter().enumerate() {
            if offset % STEP == 0 {
                places.push(place);
            }
            place = after(text, offset, place);
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
        let text = "line one\r\nz\u{e4}\u{df}\n".repeat(400);
        let index = LineIndex::new(text.as_bytes());
        let mut place = (1, 1);
        for offset in 0..text.len() {
            assert_eq!(index.position(offset), place, "offset {offset}");
            place = after(text.as_bytes(), offset, place);
        }
    }
}
