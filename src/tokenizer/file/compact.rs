//! The compact form of a `tokenizer.json` with a unigram model. It has a third of the size, and the engine uses its
//! parts as they are.
//!
//! All numbers are little-endian.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | [`MAGIC`] |
//! | 4 | version, [`VERSION`] |
//! | 4 | n, length of the text |
//! | 4 | p, number of pieces |
//! | 4 | w, bytes of a score: 4 or 8 |
//! | 4 | u, number of units |
//! | n | the `tokenizer.json`, with an empty array for its vocabulary |
//! | p · w | the scores of the pieces in the order of their ids, as floats |
//! | 4 · u | the units of the [trie](crate::tokenizer::unigram::Trie) of the pieces |
//! | 4 | CRC-32 of all bytes before |

use super::checksum::Checksum;
use super::parts::Parts;
use crate::error::{Error, MemoryUse, ModelFile, Result};
use crate::tokenizer::unigram::{Scores, Unigram};

/// The first bytes of the file. The first one starts no JSON. The line ends reveal a transfer in text mode.
pub const MAGIC: [u8; 8] = *b"\x89RWTOK\r\n";

pub const VERSION: u32 = 1;

const HEADER_BYTES: usize = 28;
const CHECKSUM_BYTES: usize = 4;

/// Bytes written at a time.
const PART_BYTES: usize = 1 << 16;

/// Returns the whole compact form; empty if the model is no unigram model.
///
/// # Errors
/// `invalid_model` if the tokenizer is too large for the form, `out_of_memory`.
pub fn to_bytes(parts: &Parts) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(parts, &mut |size, part| collect(&mut bytes, size, part))?;
    Ok(bytes)
}

/// Appends `part` to the `bytes` of a file of `size` bytes. The first call reserves memory for all of them.
pub(super) fn collect(bytes: &mut Vec<u8>, size: usize, part: &[u8]) -> Result<()> {
    bytes.try_reserve_exact(size - bytes.len()).map_err(|_| no_memory(size))?;
    bytes.extend_from_slice(part);
    Ok(())
}

/// Receives the size of a whole file and its next part.
pub type Sink<'sink> = dyn FnMut(usize, &[u8]) -> Result<()> + 'sink;

/// Passes the compact form to `sink`, part by part. It passes nothing if the model is no unigram model.
///
/// # Errors
/// `invalid_model` if the tokenizer is too large for the form; those of `sink`.
pub fn write(Parts { text, unigram }: &Parts, sink: &mut Sink<'_>) -> Result<()> {
    let Some(unigram) = unigram else { return Ok(()) };
    let units = unigram.trie().units();
    let score_bytes = match unigram.scores() {
        Scores::Single(_) => 4,
        Scores::Double(_) => 8,
    };
    let mut header = MAGIC.to_vec();
    for number in [VERSION as usize, text.len(), unigram.len(), score_bytes, units.len()] {
        let number = u32::try_from(number).map_err(|_| damaged("a part of it is too long for a number of 32 bits"))?;
        header.extend(number.to_le_bytes());
    }
    let size = [text.len(), unigram.len().saturating_mul(score_bytes), units.len().saturating_mul(4), CHECKSUM_BYTES]
        .into_iter()
        .fold(header.len(), usize::saturating_add);
    let mut writer = Writer { size, checksum: Checksum::default(), sink };
    writer.push(&header)?;
    text.chunks(PART_BYTES).try_for_each(|part| writer.push(part))?;
    match unigram.scores() {
        Scores::Single(scores) => writer.push_numbers(scores, |score| score.to_le_bytes())?,
        Scores::Double(scores) => writer.push_numbers(scores, |score| score.to_le_bytes())?,
    }
    writer.push_numbers(units, |unit| unit.to_le_bytes())?;
    let checksum = writer.checksum.value().to_le_bytes();
    (writer.sink)(size, &checksum)
}

struct Writer<'sink, 'borrow> {
    size: usize,
    checksum: Checksum,
    sink: &'borrow mut Sink<'sink>,
}

impl Writer<'_, '_> {
    fn push(&mut self, part: &[u8]) -> Result<()> {
        self.checksum.update(part);
        (self.sink)(self.size, part)
    }

    fn push_numbers<Number: Copy, const WIDTH: usize>(
        &mut self,
        numbers: &[Number],
        bytes: impl Fn(Number) -> [u8; WIDTH],
    ) -> Result<()> {
        let mut part = Vec::with_capacity(PART_BYTES);
        for numbers in numbers.chunks(PART_BYTES / WIDTH) {
            part.clear();
            part.extend(numbers.iter().flat_map(|&number| bytes(number)));
            self.push(&part)?;
        }
        Ok(())
    }
}

/// Reads the compact form in chunks of any size, each part straight to its final place.
#[derive(Debug)]
pub struct CompactReader {
    /// Size of the whole file, if known.
    size: Option<usize>,
    section: Section,
    /// The first bytes of an incomplete element or header.
    partial: Vec<u8>,
    checksum: Checksum,
    header: CompactHeader,
    text: Vec<u8>,
    scores: Option<Scores>,
    units: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Header,
    Text,
    Scores,
    Units,
    Checksum,
    End,
}

#[derive(Debug, Default, Clone, Copy)]
struct CompactHeader {
    text_bytes: usize,
    pieces: usize,
    score_bytes: usize,
    units: usize,
}

impl CompactReader {
    /// `size` is the size of the whole file, if known.
    pub fn new(size: Option<usize>) -> Self {
        Self {
            size,
            section: Section::Header,
            partial: Vec::new(),
            checksum: Checksum::default(),
            header: CompactHeader::default(),
            text: Vec::new(),
            scores: None,
            units: Vec::new(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `invalid_model` for a damaged file, `unsupported_model` for another version, `out_of_memory`.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let mut rest = chunk;
        loop {
            self.skip_full_sections();
            if rest.is_empty() {
                return Ok(());
            }
            let (element, left) = match self.section {
                Section::Header => (HEADER_BYTES, HEADER_BYTES),
                Section::Text => (1, self.header.text_bytes - self.text.len()),
                Section::Scores => {
                    let read = self.scores.as_ref().map_or(0, Scores::len);
                    (self.header.score_bytes, (self.header.pieces - read) * self.header.score_bytes)
                }
                Section::Units => (4, (self.header.units - self.units.len()) * 4),
                Section::Checksum => (CHECKSUM_BYTES, CHECKSUM_BYTES),
                Section::End => return Err(damaged("it continues after its checksum")),
            };
            if self.partial.is_empty() && rest.len() >= element {
                let whole = rest.len().min(left) / element * element;
                let (elements, after) = rest.split_at(whole);
                self.take(elements)?;
                rest = after;
            } else {
                let (missing, after) = rest.split_at(rest.len().min(element - self.partial.len()));
                self.partial.extend_from_slice(missing);
                if self.partial.len() == element {
                    let partial = std::mem::take(&mut self.partial);
                    self.take(&partial)?;
                }
                rest = after;
            }
        }
    }

    /// # Errors
    /// `invalid_model` if the file is incomplete or its parts contradict each other.
    pub fn finish(self) -> Result<Parts> {
        let Self { section: Section::End, text, scores: Some(scores), units, .. } = self else {
            return Err(damaged("it ends before its checksum"));
        };
        Parts::new(text, |unknown_id, byte_fallback| Unigram::from_parts(units, scores, unknown_id, byte_fallback))
    }

    /// Takes whole elements of the current section.
    fn take(&mut self, elements: &[u8]) -> Result<()> {
        if self.section == Section::Checksum {
            if *elements != self.checksum.value().to_le_bytes() {
                return Err(damaged("its checksum does not match its content"));
            }
            self.section = Section::End;
            return Ok(());
        }
        self.checksum.update(elements);
        match self.section {
            Section::Header => {
                self.header = self.read_header(elements)?;
                self.make_room()?;
                self.section = Section::Text;
            }
            Section::Text => {
                self.text.try_reserve(elements.len()).map_err(|_| self.no_memory())?;
                self.text.extend_from_slice(elements);
            }
            Section::Scores => {
                let no_memory = self.no_memory();
                match &mut self.scores {
                    Some(Scores::Single(scores)) => extend(scores, elements, f32::from_le_bytes, no_memory)?,
                    Some(Scores::Double(scores)) => extend(scores, elements, f64::from_le_bytes, no_memory)?,
                    None => {}
                }
            }
            Section::Units => {
                let no_memory = self.no_memory();
                extend(&mut self.units, elements, u32::from_le_bytes, no_memory)?;
            }
            Section::Checksum | Section::End => {}
        }
        Ok(())
    }

    fn skip_full_sections(&mut self) {
        if self.section == Section::Text && self.text.len() == self.header.text_bytes {
            self.section = Section::Scores;
        }
        if self.section == Section::Scores && self.scores.as_ref().is_some_and(|read| read.len() == self.header.pieces)
        {
            self.section = Section::Units;
        }
        if self.section == Section::Units && self.units.len() == self.header.units {
            self.section = Section::Checksum;
        }
    }

    fn read_header(&self, bytes: &[u8]) -> Result<CompactHeader> {
        let (magic, numbers) = bytes.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(damaged("its first bytes differ from those of every compact tokenizer"));
        }
        let mut numbers =
            numbers.chunks_exact(4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let mut next = || numbers.next().map_or(0, |number| number as usize);
        let version = next();
        if version != VERSION as usize {
            return Err(Error::UnsupportedModel {
                file: ModelFile::Tokenizer,
                reason: format!(
                    "the file has version {version}; this engine reads version {VERSION}, so convert the \
                     tokenizer.json again"
                ),
            });
        }
        let header = CompactHeader { text_bytes: next(), pieces: next(), score_bytes: next(), units: next() };
        if !matches!(header.score_bytes, 4 | 8) {
            return Err(damaged("its scores have neither 4 nor 8 bytes each"));
        }
        let expected = header.pieces.checked_mul(header.score_bytes).and_then(|scores| {
            let units = header.units.checked_mul(4)?;
            (HEADER_BYTES + CHECKSUM_BYTES).checked_add(header.text_bytes)?.checked_add(scores)?.checked_add(units)
        });
        match (expected, self.size) {
            (Some(expected), Some(size)) if expected != size => {
                Err(damaged(&format!("it has {size} bytes; its header announces {expected}")))
            }
            (Some(_), _) => Ok(header),
            (None, _) => Err(damaged("its header announces more bytes than memory can hold")),
        }
    }

    /// Reserves memory for all parts if the file is as long as its header says.
    fn make_room(&mut self) -> Result<()> {
        let CompactHeader { text_bytes, pieces, score_bytes, units } = self.header;
        let (mut single, mut double) = (Vec::new(), Vec::new());
        if self.size.is_some() {
            self.text.try_reserve_exact(text_bytes).map_err(|_| self.no_memory())?;
            self.units.try_reserve_exact(units).map_err(|_| self.no_memory())?;
            let reserved =
                if score_bytes == 4 { single.try_reserve_exact(pieces) } else { double.try_reserve_exact(pieces) };
            reserved.map_err(|_| self.no_memory())?;
        }
        self.scores = Some(if score_bytes == 4 { Scores::Single(single) } else { Scores::Double(double) });
        Ok(())
    }

    fn no_memory(&self) -> Error {
        let CompactHeader { text_bytes, pieces, score_bytes, units } = self.header;
        let bytes = pieces.saturating_mul(score_bytes).saturating_add(units.saturating_mul(4));
        no_memory(bytes.saturating_add(text_bytes))
    }
}

fn no_memory(bytes: usize) -> Error {
    Error::OutOfMemory { purpose: MemoryUse::File(ModelFile::Tokenizer), bytes }
}

fn extend<Number, const WIDTH: usize>(
    numbers: &mut Vec<Number>,
    bytes: &[u8],
    read: impl Fn([u8; WIDTH]) -> Number,
    no_memory: Error,
) -> Result<()> {
    let (elements, _) = bytes.as_chunks::<WIDTH>();
    if numbers.try_reserve(elements.len()).is_err() {
        return Err(no_memory);
    }
    numbers.extend(elements.iter().map(|&element| read(element)));
    Ok(())
}

fn damaged(reason: &str) -> Error {
    Error::InvalidModel { file: ModelFile::Tokenizer, reason: format!("the file is not a compact tokenizer: {reason}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::{Tokenizer, compact_form};

    const JSON: &str = r#"{"version": "1.0", "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}, "post_processor": null,
        "model": {"type": "Unigram", "unk_id": 0, "vocab":
            [["<unk>", 0.0], ["▁", -2.5], ["a", -3.0], ["▁a", -3.25], ["b", -4.1], ["ab", -7.3]]}}"#;

    fn read(bytes: &[u8], size: Option<usize>, chunk_bytes: usize) -> Result<Tokenizer> {
        let mut reader = CompactReader::new(size);
        bytes.chunks(chunk_bytes).try_for_each(|chunk| reader.push(chunk))?;
        reader.finish()?.into_tokenizer()
    }

    #[test]
    fn chunks_of_any_size_yield_the_ids_of_the_json() {
        for json in [JSON.to_owned(), JSON.replace("-4.1", "-4.0").replace("-7.3", "-7.0")] {
            let expected = Tokenizer::from_bytes(json.as_bytes()).unwrap();
            let compact = compact_form(json.as_bytes()).unwrap();
            for chunk_bytes in 1..=compact.len() {
                for size in [None, Some(compact.len())] {
                    let tokenizer = read(&compact, size, chunk_bytes).unwrap();
                    for text in ["ab a b xy aab", "", "  ", "é"] {
                        assert_eq!(tokenizer.ids(text).unwrap(), expected.ids(text).unwrap());
                    }
                }
            }
        }
    }

    #[test]
    fn every_damaged_byte_and_every_cut_is_noticed() {
        let compact = compact_form(JSON.as_bytes()).unwrap();
        for index in 0..compact.len() {
            let mut damaged = compact.clone();
            damaged[index] ^= 0x41;
            for size in [None, Some(compact.len())] {
                let code = read(&damaged, size, 64).unwrap_err().code();
                assert!(matches!(code, "invalid_model" | "unsupported_model"), "{index}: {code}");
            }
            assert_eq!(read(&compact[..index], None, 64).unwrap_err().code(), "invalid_model");
        }
        assert_eq!(read(&[compact.as_slice(), b"\0"].concat(), None, 64).unwrap_err().code(), "invalid_model");
    }

    #[test]
    fn a_sound_checksum_over_nonsense_does_no_harm() {
        let compact = compact_form(JSON.as_bytes()).unwrap();
        for index in HEADER_BYTES..compact.len() - CHECKSUM_BYTES {
            for flip in [1, 4, 0x80, 0xff] {
                let mut bytes = compact[..compact.len() - CHECKSUM_BYTES].to_vec();
                bytes[index] ^= flip;
                let mut checksum = Checksum::default();
                checksum.update(&bytes);
                bytes.extend(checksum.value().to_le_bytes());
                if let Ok(tokenizer) = read(&bytes, None, 1 << 10) {
                    let _ = tokenizer.ids("ab a b xy aab \0 é");
                }
            }
        }
    }

    #[test]
    fn a_model_without_scores_has_no_compact_form() {
        let json = r#"{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}"#;
        assert_eq!(compact_form(json.as_bytes()).unwrap_err().code(), "unsupported_model");
        assert_eq!(compact_form(b"<html>").unwrap_err().code(), "invalid_model");
    }
}
