//! Windows: overlapping parts of a long document, each of which fits beside the query.

use std::ops::Range;

use super::{Pair, Query, Tokenizer};
use crate::error::{Error, Result};

/// A part of a document beside its query.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    /// Its `truncated` is false, because other windows hold the rest.
    pub pair: Pair,
    /// The bytes of the document behind its tokens, cut at the borders of characters. Windows without overlap leave no
    /// gap.
    pub bytes: Range<usize>,
    /// This range in UTF-16 code units, the unit of JavaScript.
    pub utf16: Range<usize>,
    /// True for the window that holds the end of the document.
    pub last: bool,
    /// True if this is the document's only window.
    pub only: bool,
}

/// The windows of one document. They are made one at a time, since all of them may take many times its memory.
#[derive(Debug)]
pub struct Windows {
    ids: Vec<u32>,
    starts: Vec<usize>,
    /// Most tokens of the document in a window.
    budget: usize,
    /// Tokens from the start of a window to the start of the next.
    step: usize,
    /// The first token of the next window; `None` after the last.
    first: Option<usize>,
    utf16: Utf16Counter,
}

/// The place of a window in its text.
#[derive(Debug)]
struct WindowRange {
    tokens: Range<usize>,
    bytes: Range<usize>,
    utf16: Range<usize>,
    last: bool,
}

impl Tokenizer {
    /// Cuts `document` into windows as long as the pair allows. Each repeats the last `overlap` tokens of the one
    /// before. The last window is as long as the others and holds the end of the document, so it may repeat more. A
    /// document that fits is one window.
    ///
    /// # Errors
    /// `invalid_input` for an overlap without room for new tokens; those of [`Tokenizer::ids`].
    pub fn windows(&self, query: &Query, document: &str, overlap: usize) -> Result<Windows> {
        self.windows_of(document, query.document_budget, overlap)
    }

    /// Cuts a single text into windows of `budget` tokens, as [`windows`](Self::windows) does. Returns the range of each
    /// in UTF-16 code units.
    ///
    /// # Errors
    /// As [`windows`](Self::windows).
    pub fn ranges(&self, text: &str, budget: usize, overlap: usize) -> Result<Vec<Range<usize>>> {
        let mut windows = self.windows_of(text, budget, overlap)?;
        let next = || windows.next_range(text).map(|range| range.utf16);
        Ok(std::iter::from_fn(next).collect())
    }

    fn windows_of(&self, document: &str, budget: usize, overlap: usize) -> Result<Windows> {
        let step = budget.checked_sub(overlap).filter(|&step| step > 0).ok_or_else(|| {
            Error::InvalidInput(format!(
                "the overlap is {overlap} tokens; it must be less than the {budget} of a window"
            ))
        })?;
        let (ids, starts) = self.ids_and_starts(document)?;
        Ok(Windows { ids, starts, budget, step, first: Some(0), utf16: Utf16Counter::default() })
    }
}

impl Windows {
    /// Returns the next window, or `None` after the last. The arguments are those that made the windows.
    ///
    /// # Errors
    /// `internal` if the tokenizer refuses the pair.
    pub fn next(&mut self, tokenizer: &Tokenizer, query: &Query, document: &str) -> Result<Option<Window>> {
        let Some(WindowRange { tokens, bytes, utf16, last }) = self.next_range(document) else { return Ok(None) };
        let only = last && tokens.start == 0;
        let pair = tokenizer.join(&query.ids, &self.ids[tokens], false)?;
        Ok(Some(Window { pair, bytes, utf16, last, only }))
    }

    fn next_range(&mut self, document: &str) -> Option<WindowRange> {
        let Self { ids, starts, budget, step, .. } = &*self;
        let first = self.first?;
        let end = ids.len().min(first.saturating_add(*budget));
        let from = if first == 0 { 0 } else { border(document, starts[first]) };
        let to = starts.get(end).map_or(document.len(), |&start| border(document, start)).max(from);
        let last = end == ids.len();
        self.first = (!last).then(|| first.saturating_add(*step).min(ids.len() - budget));
        let utf16 = self.utf16.at(document, from)..self.utf16.at(document, to);
        Some(WindowRange { tokens: first..end, bytes: from..to, utf16, last })
    }
}

/// Returns the last border of a character at or before `index`.
fn border(text: &str, index: usize) -> usize {
    text.floor_char_boundary(index)
}

/// Converts byte places in a document into UTF-16 places. A place may lie before the last one, as far as windows
/// overlap.
#[derive(Debug, Default)]
struct Utf16Counter {
    byte: usize,
    units: usize,
}

impl Utf16Counter {
    fn at(&mut self, document: &str, byte: usize) -> usize {
        let count = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
        if byte >= self.byte {
            self.units += count(&document[self.byte..byte]);
        } else {
            self.units -= count(&document[byte..self.byte]);
        }
        self.byte = byte;
        self.units
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tokenizer;
    use super::*;

    fn tokenizers() -> [Tokenizer; 3] {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/standin-tiny/tokenizer.json");
        let json = std::fs::read_to_string(path).unwrap();
        // Only the general pipeline knows this normalizer. It changes nothing here.
        let mut general: serde_json::Value = serde_json::from_str(&json).unwrap();
        let steps = general["normalizer"]["normalizers"].as_array_mut().unwrap();
        steps.push(serde_json::json!({"type": "Replace", "pattern": {"String": "\u{e123}"}, "content": ""}));
        let general = serde_json::to_vec(&general).unwrap();
        // This one spells unknown text in bytes.
        let mut bytes: serde_json::Value = serde_json::from_str(&json).unwrap();
        bytes["model"]["byte_fallback"] = true.into();
        let pieces = bytes["model"]["vocab"].as_array_mut().unwrap();
        pieces.extend((0..=255).map(|byte| serde_json::json!([format!("<0x{byte:02X}>"), -9.0])));
        let bytes = serde_json::to_vec(&bytes).unwrap();
        [json.as_bytes(), &general, &bytes].map(|json| Tokenizer::from_bytes(json).unwrap())
    }

    fn windows(tokenizer: &Tokenizer, query: &Query, document: &str, overlap: usize) -> Vec<Window> {
        let mut windows = tokenizer.windows(query, document, overlap).unwrap();
        let windows: Vec<_> = std::iter::from_fn(|| windows.next(tokenizer, query, document).unwrap()).collect();
        assert!(windows.iter().rev().skip(1).all(|window| !window.last) && windows.last().unwrap().last);
        windows
    }

    const DOCUMENT: &str =
        "The quick  brown ﬁsh 🙂 jumps <mask> over.\u{3000}Ελλάδα, 漢字と仮名 e\u{301}te\u{301} the end \0 x";

    #[test]
    fn windows_hold_every_token_and_every_character() {
        for tokenizer in tokenizers() {
            let all = tokenizer.ids(DOCUMENT).unwrap();
            let special = tokenizer.special_tokens();
            let query_ids = tokenizer.ids("quick").unwrap();
            for budget in 1..=all.len() + 1 {
                let query = tokenizer.query("quick", query_ids.len() + special + budget).unwrap();
                for overlap in 0..budget {
                    let windows = windows(&tokenizer, &query, DOCUMENT, overlap);
                    let mut covered = 0;
                    let mut at = 0;
                    for Window { pair, bytes, utf16, .. } in &windows {
                        assert!(pair.ids.len() <= query_ids.len() + special + budget);
                        assert!(bytes.start <= covered && covered <= bytes.end);
                        covered = bytes.end;
                        let units = |text: &str| text.encode_utf16().count();
                        assert_eq!(*utf16, units(&DOCUMENT[..bytes.start])..units(&DOCUMENT[..bytes.end]));
                        let length = budget.min(all.len());
                        let start = at.min(all.len() - length);
                        let expected = tokenizer.join(&query_ids, &all[start..start + length], false).unwrap();
                        assert_eq!(*pair, expected);
                        at += budget - overlap;
                    }
                    assert_eq!((windows[0].bytes.start, covered), (0, DOCUMENT.len()));
                    assert_eq!(windows.len() == 1, budget >= all.len());
                    assert!(windows.iter().all(|window| window.only == (windows.len() == 1)));
                }
            }
        }
    }

    #[test]
    fn a_window_is_the_text_of_its_tokens() {
        for tokenizer in tokenizers() {
            let text = "one two three four five six seven eight nine ten";
            let words: Vec<usize> =
                text.split_inclusive(' ').map(|word| tokenizer.ids(word.trim()).unwrap().len()).collect();
            let budget = words[0] + words[1];
            let room = tokenizer.ids("q").unwrap().len() + tokenizer.special_tokens();
            let query = tokenizer.query("q", room + budget).unwrap();
            let first = &windows(&tokenizer, &query, text, 0)[0];
            assert_eq!(text[first.bytes.clone()].trim(), "one two");
        }
    }

    /// The word start that the tokenizer adds is a token before the first character.
    #[test]
    fn a_second_window_may_start_where_the_first_does() {
        let [tokenizer, ..] = tokenizers();
        let text = "漢字";
        let tokens = tokenizer.ids(text).unwrap().len();
        let room = tokenizer.ids("q").unwrap().len() + tokenizer.special_tokens();
        let query = tokenizer.query("q", room + tokens - 1).unwrap();
        let windows = windows(&tokenizer, &query, text, 0);
        let found: Vec<_> = windows.iter().map(|window| (window.utf16.clone(), window.last, window.only)).collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].0.start, found[1].1), (0, true));
        assert!(!found[0].2 && !found[1].2);
    }

    #[test]
    fn an_empty_document_is_one_window() {
        for tokenizer in tokenizers() {
            let query = tokenizer.query("q", 40).unwrap();
            let windows = windows(&tokenizer, &query, "", 3);
            assert_eq!(windows.len(), 1);
            assert_eq!((windows[0].bytes.clone(), &windows[0].pair), (0..0, &tokenizer.pair(&query, "").unwrap()));
        }
    }

    #[test]
    fn an_overlap_without_room_is_refused() {
        let [tokenizer, ..] = tokenizers();
        let query = tokenizer.query("q", 40).unwrap();
        assert_eq!(tokenizer.windows(&query, "text", 40).unwrap_err().code(), "invalid_input");
    }
}
