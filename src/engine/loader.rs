//! The loader takes the files of a model in chunks, checks them and makes the reranker.

use sha2::{Digest, Sha256};

use super::config::{DEFAULT_MAX_TOKENS, SequenceLimits, sequence_limits};
use super::embedder::Embedder;
use super::model::Model;
use super::reranker::Reranker;
use crate::bundle::{Bundle, BundleReader};
use crate::error::{Error, MemoryUse, ModelFile, Result};
use crate::foreign::{self, Beginning};
use crate::graph::{Encoder, Pooling};
use crate::hexadecimal::hexadecimal;
use crate::kernels::warm_up::warm_up;
use crate::memory::{append, reserve_exact};
use crate::onnx::{ExternalReader, OnnxModel, Parsed, Parser};
use crate::tokenizer::compact::Sink;
use crate::tokenizer::{Tokenizer, TokenizerReader};

/// A longer file is no pointer to another one, and a page that is longer is damaged weights as well.
const MOST_BYTES_OF_A_NOTE: u64 = 4096;

/// The caller's knowledge of a file before it arrives.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// Size in bytes.
    pub size: Option<usize>,
    /// Probable size in bytes (HTTP's Content-Length). The loader reserves memory by it but does not check it.
    pub likely_size: Option<usize>,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
}

/// A file while it arrives.
#[derive(Debug)]
struct Arrival {
    file: ModelFile,
    expectation: Expectation,
    hash: Sha256,
    /// Number of bytes received.
    size: usize,
    beginning: Beginning,
    contents: IncomingFile,
}

/// The received content of a file.
#[derive(Debug)]
enum IncomingFile {
    Bytes(Vec<u8>),
    Model(Box<Parser>),
    /// Weights of the model in a file beside it.
    Data(Box<ExternalReader>),
    /// Read while it arrives, since the file is several times larger than its tokenizer.
    Tokenizer(Box<TokenizerReader>),
    Bundle(Box<BundleReader>),
    /// A damaged model. The error waits for the end, because a wrong size or hash takes precedence.
    Damaged(Error),
}

impl IncomingFile {
    fn new(file: ModelFile, expectation: &Expectation) -> Result<Self> {
        let size = expectation.size;
        if file == ModelFile::Model {
            warm_up();
            let parser = Parser::new(size.map(|size| size as u64));
            return Ok(Self::Model(Box::new(match expectation.likely_size {
                Some(size) => parser.with_likely_size(size as u64),
                None => parser,
            })));
        }
        if file == ModelFile::Bundle {
            warm_up();
            let likely_size = size.or(expectation.likely_size);
            return Ok(Self::Bundle(Box::new(BundleReader::new(likely_size, expectation.sha256.is_some()))));
        }
        if file == ModelFile::Tokenizer {
            return Ok(Self::Tokenizer(Box::new(TokenizerReader::new(size))));
        }
        let mut bytes = Vec::new();
        if let Some(size) = size {
            reserve_exact(&mut bytes, size, MemoryUse::File(file))?;
        }
        Ok(Self::Bytes(bytes))
    }

    fn push(&mut self, file: ModelFile, chunk: &[u8]) -> Result<()> {
        match self {
            Self::Bytes(bytes) => {
                append(bytes, chunk, MemoryUse::File(file))?;
            }
            Self::Model(parser) => {
                let taken = parser.push(chunk);
                self.note_damage(taken)?;
            }
            Self::Data(reader) => reader.push(chunk)?,
            Self::Bundle(reader) => {
                let taken = reader.push(chunk);
                self.note_damage(taken)?;
            }
            Self::Tokenizer(reader) => reader.push(chunk),
            Self::Damaged(_) => {}
        }
        Ok(())
    }

    fn note_damage(&mut self, taken: Result<()>) -> Result<()> {
        match taken {
            Err(
                error @ (Error::InvalidModel { .. }
                | Error::UnsupportedModel { .. }
                | Error::UnsupportedForm { .. }
                | Error::IntegrityMismatch { .. }),
            ) => *self = Self::Damaged(error),
            taken => taken?,
        }
        Ok(())
    }
}

/// Loads a model from the files model, tokenizer and config, or from a bundle. The caller passes one file after the
/// other: `begin`, any number of `push`, `end`. After the model come the files that
/// [`next_data_file`](Loader::next_data_file) names. Then `finish` makes the reranker.
#[derive(Debug, Default)]
pub struct Loader {
    arrival: Option<Arrival>,
    model: Option<OnnxModel>,
    /// A model that waits for files with its weights.
    external: Option<Box<ExternalReader>>,
    tokenizer: Option<Tokenizer>,
    max_tokens: Option<usize>,
    /// `None` if no config.json says it.
    first_position: Option<usize>,
}

impl Loader {
    /// Announces the next file.
    ///
    /// # Errors
    /// `out_of_memory` if its size does not fit. `internal` while another file arrives. `invalid_input` for a data file
    /// that the model does not name, and `invalid_model` if it is too short.
    pub fn begin(&mut self, file: ModelFile, expectation: Expectation) -> Result<()> {
        if let Some(arrival) = &self.arrival {
            return Err(Error::Internal(format!("the caller has not ended the {} file", arrival.file)));
        }
        let contents = match file {
            ModelFile::Data => IncomingFile::Data(self.begin_data(&expectation)?),
            _ => IncomingFile::new(file, &expectation)?,
        };
        self.arrival = Some(Arrival {
            file,
            expectation,
            hash: Sha256::new(),
            size: 0,
            beginning: Beginning::default(),
            contents,
        });
        Ok(())
    }

    /// Returns the name of the next file with weights, which lies beside the model.
    pub fn next_data_file(&self) -> Option<&str> {
        self.external.as_ref()?.next_file()
    }

    fn begin_data(&mut self, expectation: &Expectation) -> Result<Box<ExternalReader>> {
        let Some(reader) = &mut self.external else {
            return Err(Error::InvalidInput("the model names no file with further weights".to_owned()));
        };
        let [size, likely_size] = [expectation.size, expectation.likely_size].map(|size| size.map(|size| size as u64));
        // The bytes of a very short file say more than its size.
        reader.begin(size.filter(|&size| size > MOST_BYTES_OF_A_NOTE), likely_size)?;
        self.external.take().ok_or_else(no_file)
    }

    /// Takes the next bytes of the announced file.
    ///
    /// # Errors
    /// `integrity_mismatch` for more bytes than expected, `out_of_memory`, `internal` without `begin`.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let arrival = self.arrival.as_mut().ok_or_else(no_file)?;
        let size = arrival.size.saturating_add(chunk.len());
        arrival.beginning.push(chunk);
        if let Some(expected) = arrival.expectation.size.filter(|&expected| size > expected) {
            // A caller may end the file in spite of the error; the check must fail then, too.
            arrival.size = size;
            return Err(mismatch(
                arrival.file,
                format!("the file has at least {size} bytes; {expected} were expected"),
            ));
        }
        arrival.contents.push(arrival.file, chunk)?;
        arrival.size = size;
        if arrival.expectation.sha256.is_some() {
            arrival.hash.update(chunk);
        }
        Ok(())
    }

    /// Checks the file against its expectation and keeps it.
    ///
    /// # Errors
    /// `integrity_mismatch` for another size or hash, `invalid_model` or `unsupported_model` for an unreadable file.
    pub fn end(&mut self) -> Result<()> {
        self.end_with(None)
    }

    /// Ends the tokenizer file. If it came as JSON and has a compact form, that goes to `sink` in parts, each with the
    /// size of the whole.
    ///
    /// # Errors
    /// Those of [`end`](Self::end) and of `sink`.
    pub fn end_and_convert(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        self.end_with(Some(sink))
    }

    fn end_with(&mut self, sink: Option<&mut Sink<'_>>) -> Result<()> {
        let Arrival { file, expectation, hash, size, beginning, contents } = self.arrival.take().ok_or_else(no_file)?;
        let mut failure = check_whole(file, check(file, expectation, hash, size), &beginning).err();
        // A data file takes the failure to its reader, which then waits for the file again.
        if !matches!(contents, IncomingFile::Data(_))
            && let Some(error) = failure.take()
        {
            return Err(error);
        }
        match contents {
            IncomingFile::Data(reader) => return self.end_data(reader, failure),
            IncomingFile::Model(parser) => match parser.finish_file()? {
                Parsed::Model(model) => self.model = Some(model),
                Parsed::Graph(reader) => self.external = Some(reader),
            },
            IncomingFile::Bundle(reader) => {
                let Bundle { model, tokenizer, max_tokens } = reader.finish()?;
                (self.model, self.tokenizer, self.max_tokens) = (Some(model), Some(tokenizer), Some(max_tokens));
            }
            IncomingFile::Damaged(error) => return Err(error),
            IncomingFile::Tokenizer(reader) => {
                self.tokenizer = Some(match sink {
                    Some(sink) => reader.finish_and_convert(sink)?,
                    None => reader.finish()?,
                });
            }
            IncomingFile::Bytes(bytes) => {
                let SequenceLimits { max_tokens, first_position } = sequence_limits(&bytes)?;
                (self.max_tokens, self.first_position) = (Some(max_tokens), Some(first_position));
            }
        }
        Ok(())
    }

    /// Ends a data file. After a failure it can come again.
    fn end_data(&mut self, mut reader: Box<ExternalReader>, failure: Option<Error>) -> Result<()> {
        let ended = failure.map_or(Ok(()), Err).and_then(|()| reader.end());
        if ended.is_err() {
            reader.rewind();
        }
        if ended.is_err() || reader.next_file().is_some() {
            self.external = Some(reader);
        } else {
            self.model = Some(reader.finish()?);
        }
        ended
    }

    /// Builds the graph from the received files, and runs it once.
    ///
    /// # Errors
    /// `invalid_input` without a model or a tokenizer. `unsupported_model` without a file with weights. Those of
    /// [`Encoder::from_onnx`]. `unsupported_model` or `invalid_model` if the graph fails on the shortest or the longest
    /// pair.
    pub fn finish(self) -> Result<Reranker> {
        Reranker::new(self.finish_with(Encoder::from_onnx)?)
    }

    /// Builds the graph of an embedding model from the received files, and runs it once. [`Pooling::from_name`] knows the
    /// names.
    ///
    /// # Errors
    /// As [`finish`](Self::finish), on a text in place of a pair; `invalid_input` for another name.
    pub fn finish_embedder(self, pooling: &str) -> Result<Embedder> {
        let pooling = Pooling::from_name(pooling)?;
        Embedder::new(self.finish_with(|model| Encoder::embedding(model, pooling))?)
    }

    fn finish_with(self, build: impl FnOnce(OnnxModel) -> Result<Encoder>) -> Result<Model> {
        if let Some(arrival) = self.arrival {
            return Err(Error::Internal(format!("the caller has not ended the {} file", arrival.file)));
        }
        let missing =
            |file: ModelFile| Error::InvalidInput(format!("the {file} file is missing; load it before finishing"));
        let tokenizer = self.tokenizer.ok_or_else(|| missing(ModelFile::Tokenizer))?;
        if let Some(reader) = self.external {
            return Err(reader.missing());
        }
        let graph = build(self.model.ok_or_else(|| missing(ModelFile::Model))?)?;
        let graph = graph.with_first_position(self.first_position)?;
        Ok(Model { graph, tokenizer, max_tokens: self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS) })
    }
}

/// Refuses a file that is something else. If its size or hash is wrong, too, the error says both.
fn check_whole(file: ModelFile, checked: Result<()>, beginning: &Beginning) -> Result<()> {
    match (checked, beginning.kind(file)) {
        (Err(Error::IntegrityMismatch { file, reason }), Some(kind)) => {
            Err(mismatch(file, format!("{reason}, and it is {kind}")))
        }
        (Ok(()), Some(kind)) => Err(foreign::refusal(file, &kind)),
        (checked, _) => checked,
    }
}

/// Checks a file that has arrived against its expectation.
fn check(file: ModelFile, expectation: Expectation, hash: Sha256, size: usize) -> Result<()> {
    if let Some(expected) = expectation.size.filter(|&expected| expected != size) {
        return Err(mismatch(file, format!("the file has {size} bytes; {expected} were expected")));
    }
    if let Some(expected) = expectation.sha256 {
        let found = hexadecimal(&hash.finalize());
        if found != expected {
            return Err(mismatch(file, format!("the file has the SHA-256 {found}; {expected} was expected")));
        }
    }
    Ok(())
}

fn no_file() -> Error {
    Error::Internal("the caller announced no file".to_owned())
}

fn mismatch(file: ModelFile, reason: String) -> Error {
    Error::IntegrityMismatch { file, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn load(file: ModelFile, expectation: Expectation, chunks: &[&[u8]]) -> Result<Loader> {
        let mut loader = Loader::default();
        loader.begin(file, expectation)?;
        for chunk in chunks {
            loader.push(chunk)?;
        }
        loader.end()?;
        Ok(loader)
    }

    fn expect(size: usize, sha256: &str) -> Expectation {
        Expectation { size: Some(size), sha256: Some(sha256.to_owned()), ..Default::default() }
    }

    #[test]
    fn chunks_of_any_size_make_the_same_file() {
        let config = br#"{"model_type": "xlm-roberta", "max_position_embeddings": 40, "pad_token_id": 1}"#;
        let sha256 = hexadecimal(&Sha256::digest(config));
        for size in [1, 7, config.len()] {
            let chunks: Vec<&[u8]> = config.chunks(size).collect();
            let loader = load(ModelFile::Config, expect(config.len(), &sha256), &chunks).unwrap();
            assert_eq!(loader.max_tokens, Some(38));
        }
    }

    #[test]
    fn a_wrong_size_or_hash_is_refused_before_the_contents_are() {
        for file in [ModelFile::Model, ModelFile::Tokenizer] {
            for (expectation, chunks, code) in [
                (expect(3, ABC), &[&b"ab"[..]][..], "integrity_mismatch"),
                (expect(3, ABC), &[b"abc", b"d"], "integrity_mismatch"),
                (expect(3, ABC), &[b"abd"], "integrity_mismatch"),
                (expect(0, ABC), &[], "integrity_mismatch"),
                (expect(3, ABC), &[b"a", b"", b"bc"], "invalid_model"),
            ] {
                assert_eq!(load(file, expectation, chunks).unwrap_err().code(), code);
            }
        }
    }

    #[test]
    fn an_impossible_size_is_out_of_memory() {
        let error = load(ModelFile::Config, expect(usize::MAX / 2, ABC), &[]).unwrap_err();
        assert_eq!(error.code(), "out_of_memory");
    }

    #[test]
    fn files_do_not_overlap() {
        let mut loader = Loader::default();
        assert_eq!(loader.push(b"a").unwrap_err().code(), "internal");
        assert_eq!(loader.end().unwrap_err().code(), "internal");
        loader.begin(ModelFile::Model, Expectation::default()).unwrap();
        assert_eq!(loader.begin(ModelFile::Config, Expectation::default()).unwrap_err().code(), "internal");
    }

    #[test]
    fn a_tokenizer_comes_in_either_form() {
        let json =
            std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/standin-tiny/tokenizer.json")).unwrap();
        let compact = crate::tokenizer::compact_form(&json).unwrap();
        let mut ids = Vec::new();
        for (bytes, expected) in [(&json, &compact), (&compact, &Vec::new())] {
            let mut loader = Loader::default();
            loader.begin(ModelFile::Tokenizer, Expectation { size: Some(bytes.len()), ..Default::default() }).unwrap();
            bytes.chunks(1000).for_each(|chunk| loader.push(chunk).unwrap());
            let mut converted = Vec::new();
            let mut sink = |size, part: &[u8]| {
                assert_eq!(size, compact.len());
                converted.extend_from_slice(part);
                Ok(())
            };
            loader.end_and_convert(&mut sink).unwrap();
            assert_eq!(converted, *expected);
            ids.push(loader.tokenizer.unwrap().ids("a text").unwrap());
        }
        assert_eq!(ids[0], ids[1]);
        assert!(!ids[0].is_empty());
    }

    #[test]
    fn a_wrong_tokenizer_file_and_a_damaged_one_have_different_codes() {
        for (sha256, code) in [(Some(ABC.to_owned()), "integrity_mismatch"), (None, "invalid_model")] {
            let mut loader = Loader::default();
            loader.begin(ModelFile::Tokenizer, Expectation { sha256, ..Default::default() }).unwrap();
            loader.push(br#"{"model": {"vocab": [nonsense"#).unwrap();
            assert_eq!(loader.end().unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Loader::default().finish().unwrap_err();
        assert_eq!(error.code(), "invalid_input");
        assert_eq!(error.to_string(), "the tokenizer file is missing; load it before finishing");
    }
}
