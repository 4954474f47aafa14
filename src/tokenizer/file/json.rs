//! The reader of a `tokenizer.json` that arrives in chunks. A unigram vocabulary, nearly all of such a file, goes piece
//! by piece into [`Pieces`]. The reader keeps the rest of the text, with an empty array in place of the vocabulary. It
//! keeps a file without such a vocabulary whole.

use crate::error::{Error, MemoryUse, ModelFile, Result};
use crate::tokenizer::refusal::damaged;
use crate::tokenizer::unigram::Pieces;

/// The content of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenizerJson {
    /// The file without the unigram vocabulary.
    pub text: Vec<u8>,
    /// The unigram vocabulary, if the model's vocabulary is an array.
    pub pieces: Option<Pieces>,
}

#[derive(Debug)]
pub struct JsonReader {
    text: Vec<u8>,
    place: Place,
    string: StringState,
    pieces: Option<Pieces>,
    /// The current entry of the vocabulary, without white space between its tokens.
    entry: Vec<u8>,
    /// Size of the whole file, if known.
    size: Option<usize>,
    received: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StringState {
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside the vocabulary. `depth` counts the open brackets. `in_model` is true from the key `model` of the
    /// outermost object to the end of its value.
    Shell { depth: u32, in_model: bool, key: Key, key_start: usize },
    /// In the vocabulary, between entries. `expects` says what may follow.
    Vocabulary { expects: Expects },
    /// In an entry, `depth` brackets deep.
    Entry { depth: u32 },
    /// Past the vocabulary of another kind of model. The reader keeps the rest as it is.
    Rest,
}

/// The key of the current member, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// No key since the last comma or bracket.
    None,
    Model,
    Vocabulary,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    EntryOrEnd,
    Entry,
    CommaOrEnd,
}

const OUTERMOST: Place = Place::Shell { depth: 0, in_model: false, key: Key::None, key_start: 0 };

impl JsonReader {
    /// `size` is the size of the whole file, if known.
    pub fn new(size: Option<usize>) -> Self {
        Self {
            text: Vec::new(),
            place: OUTERMOST,
            string: StringState::Outside,
            pieces: None,
            entry: Vec::new(),
            size,
            received: 0,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `invalid_model` for a vocabulary with the wrong structure, `out_of_memory`.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        self.received = self.received.saturating_add(chunk.len());
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match self.place {
                Place::Shell { .. } => self.read_shell(rest)?,
                Place::Vocabulary { expects } => self.read_between_entries(rest, expects)?,
                Place::Entry { depth } => self.read_entry(rest, depth)?,
                Place::Rest => {
                    self.keep(rest)?;
                    &[]
                }
            };
        }
        Ok(())
    }

    /// # Errors
    /// `invalid_model` if the file ends within its vocabulary.
    pub fn finish(self) -> Result<TokenizerJson> {
        match self.place {
            Place::Vocabulary { .. } | Place::Entry { .. } => Err(damaged("it ends within its vocabulary")),
            Place::Shell { .. } | Place::Rest => Ok(TokenizerJson { text: self.text, pieces: self.pieces }),
        }
    }

    fn read_shell<'chunk>(&mut self, chunk: &'chunk [u8]) -> Result<&'chunk [u8]> {
        let Place::Shell { mut depth, mut in_model, mut key, mut key_start } = self.place else { return Ok(chunk) };
        let base = self.text.len();
        for (index, &byte) in chunk.iter().enumerate() {
            match (self.string, byte) {
                (StringState::Escaped, _) => self.string = StringState::Inside,
                (StringState::Inside, b'\\') => self.string = StringState::Escaped,
                (StringState::Inside, b'"') => {
                    self.string = StringState::Outside;
                    if key == Key::None && (depth == 1 || (depth == 2 && in_model)) {
                        let end = index + 1;
                        let name = match key_start.checked_sub(base) {
                            Some(start) => read_string(&[&chunk[start..end]]),
                            None => read_string(&[&self.text[key_start..], &chunk[..end]]),
                        };
                        key = match (depth, name.as_deref()) {
                            (1, Some("model")) => Key::Model,
                            (2, Some("vocab")) => Key::Vocabulary,
                            _ => Key::Other,
                        };
                    }
                }
                (StringState::Inside, _) => {}
                (StringState::Outside, b'"') => {
                    self.string = StringState::Inside;
                    if key == Key::None {
                        key_start = base + index;
                    }
                }
                (StringState::Outside, b'[') if depth == 2 && in_model && key == Key::Vocabulary => {
                    if self.pieces.is_some() {
                        return Err(damaged("its model has two vocabularies"));
                    }
                    self.keep(&chunk[..=index])?;
                    self.pieces = Some(Pieces::for_file(self.size.unwrap_or(0)));
                    self.place = Place::Vocabulary { expects: Expects::EntryOrEnd };
                    return Ok(&chunk[index + 1..]);
                }
                (StringState::Outside, b'{') if depth == 2 && in_model && key == Key::Vocabulary => {
                    self.place = Place::Rest;
                    return self.keep_all_that_follows(chunk);
                }
                (StringState::Outside, b'{' | b'[') => {
                    in_model |= depth == 1 && key == Key::Model;
                    depth = depth.saturating_add(1);
                    key = Key::None;
                }
                (StringState::Outside, b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    in_model &= depth >= 2;
                    key = Key::Other;
                }
                (StringState::Outside, b',') => key = Key::None,
                (StringState::Outside, _) => {}
            }
        }
        self.keep(chunk)?;
        self.place = Place::Shell { depth, in_model, key, key_start };
        Ok(&[])
    }

    fn read_between_entries<'chunk>(&mut self, chunk: &'chunk [u8], expects: Expects) -> Result<&'chunk [u8]> {
        let Some(index) = chunk.iter().position(|byte| !is_white_space(*byte)) else { return Ok(&[]) };
        let rest = &chunk[index + 1..];
        self.place = match (chunk[index], expects) {
            (b'[', Expects::EntryOrEnd | Expects::Entry) => {
                if let Some(Whole { piece, score, behind }) = whole_entry(rest) {
                    self.pieces.get_or_insert_default().push(piece, score)?;
                    self.place = Place::Vocabulary { expects: Expects::CommaOrEnd };
                    return Ok(behind);
                }
                self.entry.clear();
                self.entry.push(b'[');
                Place::Entry { depth: 1 }
            }
            (b',', Expects::CommaOrEnd) => Place::Vocabulary { expects: Expects::Entry },
            (b']', Expects::EntryOrEnd | Expects::CommaOrEnd) => {
                self.keep(b"]")?;
                // The value of `vocab` ends here, inside the object of the model.
                Place::Shell { depth: 2, in_model: true, key: Key::Other, key_start: 0 }
            }
            (byte, _) => {
                return Err(damaged(&format!("its vocabulary has {:?} between two entries", char::from(byte))));
            }
        };
        Ok(rest)
    }

    fn read_entry<'chunk>(&mut self, chunk: &'chunk [u8], mut depth: u32) -> Result<&'chunk [u8]> {
        for (index, &byte) in chunk.iter().enumerate() {
            match (self.string, byte) {
                (StringState::Escaped, _) => self.string = StringState::Inside,
                (StringState::Inside, b'\\') => self.string = StringState::Escaped,
                (StringState::Inside, b'"') => self.string = StringState::Outside,
                (StringState::Inside, _) => {}
                (StringState::Outside, b'"') => self.string = StringState::Inside,
                (StringState::Outside, b'[' | b'{') => depth = depth.saturating_add(1),
                (StringState::Outside, b']' | b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        self.entry.push(byte);
                        self.add_piece()?;
                        self.place = Place::Vocabulary { expects: Expects::CommaOrEnd };
                        return Ok(&chunk[index + 1..]);
                    }
                }
                (StringState::Outside, _) if is_white_space(byte) && self.ends_a_token() => continue,
                (StringState::Outside, _) => {}
            }
            self.entry.push(byte);
        }
        self.place = Place::Entry { depth };
        Ok(&[])
    }

    /// Returns true if white space may go, since it separates no two literals.
    fn ends_a_token(&self) -> bool {
        self.entry.last().is_none_or(|byte| matches!(byte, b'[' | b',' | b'"' | b' '))
    }

    fn add_piece(&mut self) -> Result<()> {
        let (piece, score): (std::borrow::Cow<str>, f64) = serde_json::from_slice(&self.entry)
            .map_err(|error| damaged(&format!("an entry of its vocabulary is not a piece with its score: {error}")))?;
        let pieces = self.pieces.get_or_insert_default();
        pieces.push(&piece, score)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        self.text.try_reserve(bytes.len()).map_err(|_| self.no_memory())?;
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    /// Keeps `chunk`, the file's latest bytes or their end, and reserves memory for the rest.
    fn keep_all_that_follows<'chunk>(&mut self, chunk: &'chunk [u8]) -> Result<&'chunk [u8]> {
        let left = self.size.and_then(|size| size.checked_sub(self.text.len())).unwrap_or(0);
        self.text.try_reserve_exact(left).map_err(|_| self.no_memory())?;
        self.keep(chunk)?;
        Ok(&[])
    }

    fn no_memory(&self) -> Error {
        let bytes = self.size.unwrap_or(self.received);
        Error::OutOfMemory { purpose: MemoryUse::File(ModelFile::Tokenizer), bytes }
    }
}

/// An entry that needs no buffer.
struct Whole<'chunk> {
    piece: &'chunk str,
    score: f64,
    behind: &'chunk [u8],
}

/// Reads an entry behind its bracket; `None` if the chunk does not hold all of it, the piece has escapes, or anything is
/// wrong.
fn whole_entry(chunk: &[u8]) -> Option<Whole<'_>> {
    let chunk = after(chunk, b'"')?;
    let end = chunk.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
    let (piece, chunk) = (std::str::from_utf8(&chunk[..end]).ok()?, after(&chunk[end..], b'"')?);
    let chunk = without_white_space(after(chunk, b',')?);
    let end = chunk.iter().position(|&byte| byte == b']' || is_white_space(byte))?;
    let score = serde_json::from_slice(&chunk[..end]).ok()?;
    Some(Whole { piece, score, behind: after(&chunk[end..], b']')? })
}

/// Returns what follows this byte, which must come first behind white space.
fn after(chunk: &[u8], byte: u8) -> Option<&[u8]> {
    without_white_space(chunk).split_first().filter(|(first, _)| **first == byte).map(|(_, rest)| rest)
}

fn without_white_space(chunk: &[u8]) -> &[u8] {
    let start = chunk.iter().position(|&byte| !is_white_space(byte)).unwrap_or(chunk.len());
    &chunk[start..]
}

fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Reads the text of a JSON string from its parts.
fn read_string(parts: &[&[u8]]) -> Option<String> {
    serde_json::from_slice(&parts.concat()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], chunk_bytes: usize) -> Result<TokenizerJson> {
        let mut reader = JsonReader::new(Some(bytes.len()));
        bytes.chunks(chunk_bytes).try_for_each(|chunk| reader.push(chunk))?;
        reader.finish()
    }

    fn pieces(list: &[(&str, f64)]) -> Pieces {
        let mut pieces = Pieces::default();
        list.iter().for_each(|&(piece, score)| pieces.push(piece, score).unwrap());
        pieces
    }

    const UNIGRAM: &str = r#"{"model\"": 1, "x": {"model": {"vocab": [["a", 1]]}}, "\u006dodel" : { "vocab" :
        [ [ "]\"\\", -1.5e0 ] ,["\u00e9",2], [ "b" , 0 ]] , "type": "Unigram", "vocab2": []}, "end": "vocab"}"#;

    #[test]
    fn chunks_of_any_size_yield_the_unigram_vocabulary() {
        for chunk_bytes in 1..=UNIGRAM.len() {
            let TokenizerJson { text, pieces: found } = read(UNIGRAM.as_bytes(), chunk_bytes).unwrap();
            assert_eq!(found, Some(pieces(&[("]\"\\", -1.5), ("é", 2.0), ("b", 0.0)])));
            let mut expected: serde_json::Value = serde_json::from_str(UNIGRAM).unwrap();
            expected["model"]["vocab"] = serde_json::json!([]);
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&text).unwrap(), expected);
        }
    }

    #[test]
    fn any_other_file_is_kept_as_it_is() {
        for other in [
            r#"{"model": {"type": "BPE", "vocab": {"a": 0, "[\"": 1}, "merges": [["a", "b"]]}, "vocab": [["a", 1]]}"#,
            r#"{"vocab": [["a", 1]], "model": {"x": {"vocab": [["a", 1]]}}, "list": ["model", {"vocab": [1]}]}"#,
            "",
            "<html>",
            "}]}]\"",
        ] {
            for chunk_bytes in 1..=other.len().max(1) {
                let found = read(other.as_bytes(), chunk_bytes).unwrap();
                assert_eq!(found, TokenizerJson { text: other.into(), pieces: None });
            }
        }
    }

    #[test]
    fn a_damaged_vocabulary_is_refused() {
        let start = r#"{"model": {"vocab": ["#;
        for end in [
            "",
            "[",
            "[\"a\", 1]",
            "[\"a\", 1],",
            ",",
            "[\"a\", 1],]}}",
            "[\"a\" 1]]}}",
            "[\"a\"]]}}",
            "[1, 1]]}}",
            "1]}}",
            "{}]}}",
            "[\"a\", 1 2]]}}",
            "[\"a\", null]]}}",
            "[\"\\ud800\", 1]]}}",
            "[\"a\", 1, 1]]}}",
            "[\"a\", 1e999]]}}",
            "]}, \"model\": {\"vocab\": []}}",
        ] {
            let error = read(format!("{start}{end}").as_bytes(), 7).unwrap_err();
            assert_eq!(error.code(), "invalid_model", "{end}");
        }
    }
}
