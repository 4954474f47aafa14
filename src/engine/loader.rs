//! Takes the files of a model in chunks, checks that they are what they must be, and makes the reranker.

use sha2::{Digest, Sha256};

use super::Reranker;
use super::config::{DEFAULT_MAX_TOKENS, max_tokens};
use crate::error::{Error, ModelFile, Result};
use crate::graph::Graph;
use crate::tokenizer::{Tokenizer, TokenizerReader};

/// What is known of a file before it arrives.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// Size in bytes.
    pub size: Option<usize>,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
}

/// A file on its way in.
#[derive(Debug)]
struct Arrival {
    file: ModelFile,
    expectation: Expectation,
    hash: Sha256,
    received: usize,
    content: Content,
}

/// What becomes of a file's bytes as they come.
#[derive(Debug)]
enum Content {
    Kept(Vec<u8>),
    /// A tokenizer is read at once: its file is several times the size of what is made of it.
    Tokenizer(Box<TokenizerReader>),
}

/// Files come one after the other, each as `begin`, any number of `push`, `end`; then `finish` makes the reranker.
#[derive(Debug, Default)]
pub struct Loader {
    arrival: Option<Arrival>,
    model: Option<Vec<u8>>,
    tokenizer: Option<Tokenizer>,
    max_tokens: Option<usize>,
}

impl Loader {
    /// Announces the next file.
    ///
    /// # Errors
    /// `out_of_memory` where there is no room for its size, `internal` where another file is still under way.
    pub fn begin(&mut self, file: ModelFile, expectation: Expectation) -> Result<()> {
        if let Some(arrival) = &self.arrival {
            return Err(Error::Internal(format!("the {} file has not ended", arrival.file)));
        }
        let content = if file == ModelFile::Tokenizer {
            Content::Tokenizer(Box::new(TokenizerReader::new(expectation.size)))
        } else {
            let mut bytes = Vec::new();
            if let Some(size) = expectation.size {
                bytes.try_reserve_exact(size).map_err(|_| Error::OutOfMemory { file, bytes: size })?;
            }
            Content::Kept(bytes)
        };
        self.arrival = Some(Arrival { file, expectation, hash: Sha256::new(), received: 0, content });
        Ok(())
    }

    /// Takes the next bytes of the file that was announced.
    ///
    /// # Errors
    /// `integrity_mismatch` as soon as there are more bytes than expected, `out_of_memory`, `internal` without `begin`.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let arrival = self.arrival.as_mut().ok_or_else(no_file)?;
        let size = arrival.received.saturating_add(chunk.len());
        if let Some(expected) = arrival.expectation.size.filter(|&expected| size > expected) {
            return Err(mismatch(arrival.file, format!("at least {size} bytes instead of {expected}")));
        }
        arrival.received = size;
        match &mut arrival.content {
            Content::Kept(bytes) => {
                let no_memory = |_| Error::OutOfMemory { file: arrival.file, bytes: size };
                bytes.try_reserve(chunk.len()).map_err(no_memory)?;
                bytes.extend_from_slice(chunk);
            }
            Content::Tokenizer(reader) => reader.push(chunk),
        }
        if arrival.expectation.sha256.is_some() {
            arrival.hash.update(chunk);
        }
        Ok(())
    }

    /// Checks the file against what was expected of it and keeps it.
    ///
    /// # Errors
    /// `integrity_mismatch` for another size or hash, `invalid_model` for a tokenizer or config that cannot be read.
    pub fn end(&mut self) -> Result<()> {
        let Arrival { file, expectation, hash, received, content } = self.arrival.take().ok_or_else(no_file)?;
        if let Some(expected) = expectation.size.filter(|&expected| expected != received) {
            return Err(mismatch(file, format!("{received} bytes instead of {expected}")));
        }
        if let Some(expected) = expectation.sha256 {
            let found = hexadecimal(&hash.finalize());
            if found != expected {
                return Err(mismatch(file, format!("SHA-256 {found} instead of {expected}")));
            }
        }
        match content {
            Content::Tokenizer(reader) => self.tokenizer = Some(reader.finish()?),
            Content::Kept(bytes) if file == ModelFile::Config => self.max_tokens = Some(max_tokens(&bytes)?),
            Content::Kept(bytes) => self.model = Some(bytes),
        }
        Ok(())
    }

    /// Builds the graph from the files that came.
    ///
    /// # Errors
    /// `invalid_input` where the model or the tokenizer is missing; what [`Graph::from_onnx`] gives.
    pub fn finish(self) -> Result<Reranker> {
        if let Some(arrival) = self.arrival {
            return Err(Error::Internal(format!("the {} file has not ended", arrival.file)));
        }
        let missing = |file: ModelFile| Error::InvalidInput(format!("the {file} file is missing"));
        let tokenizer = self.tokenizer.ok_or_else(|| missing(ModelFile::Tokenizer))?;
        let graph = Graph::from_onnx(self.model.ok_or_else(|| missing(ModelFile::Model))?)?;
        Ok(Reranker::new(graph, tokenizer, self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS)))
    }
}

fn no_file() -> Error {
    Error::Internal("no file was announced".to_owned())
}

fn mismatch(file: ModelFile, reason: String) -> Error {
    Error::IntegrityMismatch { file, reason }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn load(expectation: Expectation, chunks: &[&[u8]]) -> Result<Loader> {
        let mut loader = Loader::default();
        loader.begin(ModelFile::Model, expectation)?;
        for chunk in chunks {
            loader.push(chunk)?;
        }
        loader.end()?;
        Ok(loader)
    }

    fn expect(size: usize, sha256: &str) -> Expectation {
        Expectation { size: Some(size), sha256: Some(sha256.to_owned()) }
    }

    #[test]
    fn a_file_is_what_its_chunks_are_whatever_their_size() {
        for chunks in [&[&b"abc"[..]][..], &[b"a", b"", b"bc"], &[b"a", b"b", b"c"]] {
            assert_eq!(load(expect(3, ABC), chunks).unwrap().model.unwrap(), b"abc");
        }
    }

    #[test]
    fn a_wrong_size_or_hash_is_refused() {
        for (expectation, chunks) in [
            (expect(3, ABC), &[&b"ab"[..]][..]),
            (expect(3, ABC), &[b"abc", b"d"]),
            (expect(3, ABC), &[b"abd"]),
            (expect(0, ABC), &[]),
        ] {
            assert_eq!(load(expectation, chunks).unwrap_err().code(), "integrity_mismatch");
        }
    }

    #[test]
    fn an_impossible_size_is_out_of_memory() {
        assert_eq!(load(expect(usize::MAX / 2, ABC), &[]).unwrap_err().code(), "out_of_memory");
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
        let compact = crate::tokenizer::compact::convert(&json).unwrap();
        let mut ids = Vec::new();
        for bytes in [&json, &compact] {
            let mut loader = Loader::default();
            loader.begin(ModelFile::Tokenizer, Expectation { size: Some(bytes.len()), sha256: None }).unwrap();
            bytes.chunks(1000).for_each(|chunk| loader.push(chunk).unwrap());
            loader.end().unwrap();
            ids.push(loader.tokenizer.unwrap().ids("a text").unwrap());
        }
        assert_eq!(ids[0], ids[1]);
        assert!(!ids[0].is_empty());
    }

    #[test]
    fn the_wrong_tokenizer_file_is_told_from_a_damaged_one() {
        for (sha256, code) in [(Some(ABC.to_owned()), "integrity_mismatch"), (None, "invalid_model")] {
            let mut loader = Loader::default();
            loader.begin(ModelFile::Tokenizer, Expectation { size: None, sha256 }).unwrap();
            loader.push(br#"{"model": {"vocab": [nonsense"#).unwrap();
            assert_eq!(loader.end().unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Loader::default().finish().unwrap_err();
        assert_eq!((error.code(), error.to_string().contains("tokenizer")), ("invalid_input", true));
    }
}
