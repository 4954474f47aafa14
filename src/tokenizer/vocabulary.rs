//! The vocabulary of a unigram tokenizer. The converter reads it and makes the same tokenizer with fewer pieces.

use std::collections::BTreeSet;

use serde_json::Value;

use super::file::compact;
use super::file::parts::Parts;
use super::file::reader::TokenizerReader;
use super::refusal::malformed;
use super::unigram::{Pieces, Scores, Unigram};
use crate::error::{Error, ModelFile, Result};

/// The pieces of a tokenizer by their ids.
#[derive(Debug)]
pub struct Vocabulary {
    shell: Value,
    pieces: Vec<String>,
    scores: Vec<f64>,
}

impl Vocabulary {
    /// Reads a `tokenizer.json`, as JSON or in the compact form.
    ///
    /// # Errors
    /// `invalid_model` for a damaged file, `unsupported_model` if its model is no unigram model.
    pub fn read(tokenizer: &[u8]) -> Result<Self> {
        let mut reader = TokenizerReader::new(Some(tokenizer.len()));
        reader.push(tokenizer);
        let Parts { text, unigram } = reader.into_parts()?;
        let shell = serde_json::from_slice(&text).map_err(malformed)?;
        let unigram = unigram.ok_or_else(|| Error::UnsupportedModel {
            file: ModelFile::Tokenizer,
            reason: "the file holds no unigram model, and no other kind works with fewer pieces; keep them all"
                .to_owned(),
        })?;
        let mut pieces = vec![String::new(); unigram.len()];
        unigram.trie().for_each(|piece, id| {
            if let Some(place) = pieces.get_mut(id as usize) {
                piece.clone_into(place);
            }
        });
        let scores = match unigram.scores() {
            Scores::Single(scores) => scores.iter().map(|&score| f64::from(score)).collect(),
            Scores::Double(scores) => scores.clone(),
        };
        Ok(Self { shell, pieces, scores })
    }

    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Returns the text of a piece.
    ///
    /// # Panics
    /// If no piece has this id.
    pub fn piece(&self, id: u32) -> &str {
        &self.pieces[id as usize]
    }

    /// Returns the logarithm of a piece's probability.
    ///
    /// # Panics
    /// If no piece has this id.
    pub fn score(&self, id: u32) -> f64 {
        self.scores[id as usize]
    }

    /// Returns an id in the file that no piece has, such as that of an added token after the vocabulary.
    pub fn id_beyond(&self) -> Option<u32> {
        let mut beyond = None;
        for_each_id(&mut self.shell.clone(), &mut |id| {
            if *id as usize >= self.pieces.len() {
                beyond = Some(*id);
            }
        });
        beyond
    }

    /// Returns the ids that must stay so that the tokenizer can still write any text. These are special tokens and
    /// others that the file names by id, pieces of one character, and pieces that stand for a byte.
    pub fn indispensable(&self) -> BTreeSet<u32> {
        let mut ids = BTreeSet::new();
        for_each_id(&mut self.shell.clone(), &mut |id| {
            ids.insert(*id);
        });
        let is_indispensable = |piece: &&str| piece.chars().nth(1).is_none() || is_byte(piece);
        ids.extend((0..).zip(&self.pieces).filter(|(_, piece)| is_indispensable(&piece.as_str())).map(|(id, _)| id));
        ids.retain(|&id| (id as usize) < self.pieces.len());
        ids
    }

    /// Returns the compact form of the tokenizer with only these pieces. Their new ids are their places in `kept`.
    ///
    /// # Errors
    /// `invalid_input` if `kept` lacks an [`indispensable`](Self::indispensable) piece.
    pub fn keep(mut self, kept: &BTreeSet<u32>) -> Result<Vec<u8>> {
        let order: Vec<u32> = kept.iter().copied().collect();
        if let Some(id) = self.indispensable().difference(kept).next() {
            let piece = self.piece(*id);
            return Err(Error::InvalidInput(format!("the tokenizer needs the piece {piece:?}; keep it")));
        }
        for_each_id(&mut self.shell, &mut |id| {
            if let Ok(place) = order.binary_search(id) {
                *id = place as u32;
            }
        });
        let mut pieces = Pieces::default();
        order.iter().try_for_each(|&id| pieces.push(self.piece(id), self.score(id)))?;
        let text = serde_json::to_vec(&self.shell).map_err(|error| Error::Internal(error.to_string()))?;
        let parts = Parts::new(text, |unknown, bytes| Unigram::from_pieces(pieces, unknown, bytes))?;
        compact::to_bytes(&parts)
    }
}

/// Returns true for `<0x00>` to `<0xFF>`.
fn is_byte(piece: &str) -> bool {
    piece.len() == 6 && piece.starts_with("<0x") && piece.ends_with('>')
}

/// Visits every id in a `tokenizer.json` without its vocabulary: those of the unknown piece, of added tokens and in the
/// template.
fn for_each_id(shell: &mut Value, visit: &mut dyn FnMut(&mut u32)) {
    if let Some(unknown) = shell.pointer_mut("/model/unk_id") {
        visit_number(unknown, visit);
    }
    let added = shell.get_mut("added_tokens").and_then(Value::as_array_mut);
    for token in added.into_iter().flatten() {
        token.get_mut("id").into_iter().for_each(|id| visit_number(id, visit));
    }
    if let Some(template) = shell.get_mut("post_processor") {
        visit_template(template, visit);
    }
}

/// Visits the numbers in the lists `ids`, `sep` and `cls`. In the last two, the id follows a text.
fn visit_template(value: &mut Value, visit: &mut dyn FnMut(&mut u32)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (&**name, member) {
                    ("ids" | "sep" | "cls", Value::Array(numbers)) => {
                        numbers.iter_mut().for_each(|number| visit_number(number, visit));
                    }
                    (_, member) => visit_template(member, visit),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| visit_template(value, visit)),
        _ => {}
    }
}

fn visit_number(value: &mut Value, visit: &mut dyn FnMut(&mut u32)) {
    if let Some(mut id) = value.as_u64().and_then(|id| u32::try_from(id).ok()) {
        visit(&mut id);
        *value = id.into();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Tokenizer, compact_form};
    use super::*;

    fn file(path: &str) -> Vec<u8> {
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    }

    #[test]
    fn with_all_pieces_nothing_changes() {
        let json = file("pkg/mini/tokenizer.json");
        for form in [json.clone(), compact_form(&json).unwrap()] {
            let vocabulary = Vocabulary::read(&form).unwrap();
            let all = (0..vocabulary.len() as u32).collect();
            let (same, before) = (
                Tokenizer::from_bytes(&vocabulary.keep(&all).unwrap()).unwrap(),
                Tokenizer::from_bytes(&json).unwrap(),
            );
            for text in ["The giant panda", " a  b\u{3000}漢字 ﬁ <mask> </s>", "ünïcode 🦒"] {
                assert_eq!(same.ids(text).unwrap(), before.ids(text).unwrap());
            }
        }
    }

    #[test]
    fn any_text_can_still_be_written_and_ids_are_places() {
        let json = file("tests/fixtures/standin-tiny/tokenizer.json");
        let vocabulary = Vocabulary::read(&json).unwrap();
        let mut kept = vocabulary.indispensable();
        kept.extend((0..vocabulary.len() as u32).filter(|&id| vocabulary.piece(id).starts_with("▁the")));
        let order: Vec<u32> = kept.iter().copied().collect();
        let pieces: Vec<String> = order.iter().map(|&id| vocabulary.piece(id).to_owned()).collect();
        let fewer = Tokenizer::from_bytes(&vocabulary.keep(&kept).unwrap()).unwrap();
        let written = |text| fewer.ids(text).unwrap().iter().map(|&id| &*pieces[id as usize]).collect::<String>();
        for text in ["the giant panda", "then the", "Ünï-code"] {
            assert_eq!(written(text), format!("▁{}", text.replace(' ', "▁")));
        }
        assert_eq!(fewer.ids("a<mask>").unwrap().last().copied(), Some(order.len() as u32 - 1));
        let query = fewer.query("the", 16).unwrap();
        let pair = fewer.pair(&query, "then").unwrap();
        assert_eq!((pair.ids[0], pair.ids.last()), (0, Some(&2)));
    }

    #[test]
    fn a_vocabulary_without_indispensable_pieces_is_refused() {
        let vocabulary = Vocabulary::read(&file("pkg/mini/tokenizer.json")).unwrap();
        assert_eq!(vocabulary.keep(&[0, 1, 2].into()).unwrap_err().code(), "invalid_input");
        assert_eq!(Vocabulary::read(b"<html>").unwrap_err().code(), "invalid_model");
        let wordpiece = file("tests/fixtures/tokenizers/wordpiece.json");
        assert_eq!(Vocabulary::read(&wordpiece).unwrap_err().code(), "unsupported_model");
    }
}
