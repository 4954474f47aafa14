//! Recognises what often lies in the place of a model's file, by its first bytes.

use crate::error::{Error, ModelFile, Result};

/// Bytes that a recognition needs, and that a message quotes.
pub const LENGTH: usize = 96;

const LFS: &[u8] = b"version https://git-lfs";

/// The first keys of the messages that servers send. No file of a model begins with one of them.
const MESSAGE_KEYS: [&str; 7] = ["error", "errors", "message", "detail", "code", "status", "success"];

/// The first bytes of a file that arrives in chunks.
#[derive(Debug, Default)]
pub struct Beginning(Vec<u8>);

impl Beginning {
    /// Takes the next bytes of the file.
    pub fn push(&mut self, chunk: &[u8]) {
        let missing = LENGTH.saturating_sub(self.0.len());
        self.0.extend_from_slice(&chunk[..chunk.len().min(missing)]);
    }

    /// Completes the sentence "the file is …" for a whole file that is something else; `None` for one that may be right.
    pub fn kind(&self, file: ModelFile) -> Option<String> {
        kind(file, &self.0)
    }
}

/// # Errors
/// `invalid_model` for a file that is something else, as its first bytes show. A shorter file is passed as a whole.
pub fn refuse(file: ModelFile, first: &[u8]) -> Result<()> {
    kind(file, &first[..first.len().min(LENGTH)]).map_or(Ok(()), |kind| Err(refusal(file, &kind)))
}

/// The error for a file of this kind.
pub fn refusal(file: ModelFile, kind: &str) -> Error {
    Error::InvalidModel { file, reason: format!("the file is {kind}") }
}

fn kind(file: ModelFile, first: &[u8]) -> Option<String> {
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    // Weights may begin with any few bytes.
    let is_data = file == ModelFile::Data;
    let known = if first.starts_with(LFS) {
        "a Git LFS pointer, which `git lfs pull` replaces with the file that it stands for"
    } else if is_markup(text, is_data) {
        "a page of HTML or XML, such as a server's error or a sign-in"
    } else if is_message(text) || (matches!(file, ModelFile::Model | ModelFile::Bundle) && text.starts_with(b"{")) {
        return Some(format!("JSON, such as a server's message; it begins with {:?}", String::from_utf8_lossy(text)));
    } else if is_data {
        return None;
    } else if first.is_empty() {
        "empty"
    } else if first.starts_with(b"\x1f\x8b") {
        "compressed with gzip; the engine reads it decompressed"
    } else if first.starts_with(b"PK\x03\x04") {
        "a ZIP archive, such as weights of PyTorch; the engine reads ONNX and tokenizer.json"
    } else {
        return None;
    };
    Some(known.to_owned())
}

fn is_markup(text: &[u8], surely: bool) -> bool {
    let starts = |tag: &str| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    ["<!doctype", "<html", "<?xml"].iter().any(|tag| starts(tag)) || (!surely && text.starts_with(b"<"))
}

fn is_message(text: &[u8]) -> bool {
    let key = || text.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"");
    key().is_some_and(|key| {
        MESSAGE_KEYS.iter().any(|known| key.strip_prefix(known.as_bytes()).is_some_and(|rest| rest.starts_with(b"\"")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ModelFile; 5] =
        [ModelFile::Model, ModelFile::Data, ModelFile::Tokenizer, ModelFile::Config, ModelFile::Bundle];

    fn found(first: &[u8]) -> Vec<(&'static str, String)> {
        ALL.into_iter().filter_map(|file| Some((file.name(), kind(file, first)?))).collect()
    }

    #[test]
    fn pointers_pages_and_messages_are_never_a_file_of_a_model() {
        for (first, expected) in [
            (&b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 279301077\n"[..], "Git LFS pointer"),
            (b"\n<!DOCTYPE html><html><head>", "HTML"),
            (b"\xef\xbb\xbf<html lang=en>", "HTML"),
            (b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code>", "XML"),
            (br#"{"error":"Invalid username or password."}"#, r#"begins with "{\"error\":\"Invalid username"#),
            (b"{\n  \"message\": \"Not Found\"", "JSON"),
        ] {
            let found = found(first);
            assert_eq!(found.len(), ALL.len(), "{found:?}");
            assert!(found.iter().all(|(_, kind)| kind.contains(expected)), "{found:?}");
        }
    }

    #[test]
    fn weights_may_begin_with_any_few_bytes() {
        for first in [&b""[..], b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"<svg>", b"<h"] {
            let files: Vec<_> = found(first).into_iter().map(|(name, _)| name).collect();
            assert_eq!(files, ["model", "tokenizer", "config", "bundle"], "{first:?}");
        }
    }

    #[test]
    fn json_is_no_graph_and_no_bundle() {
        let files: Vec<_> =
            found(br#"{"version": "1.0", "truncation": null"#).into_iter().map(|(name, _)| name).collect();
        assert_eq!(files, ["model", "bundle"]);
    }

    #[test]
    fn the_files_of_models_pass() {
        for (file, path) in [
            (ModelFile::Model, "tests/fixtures/standin-tiny/onnx/model_quantized.onnx"),
            (ModelFile::Tokenizer, "tests/fixtures/standin-tiny/tokenizer.json"),
            (ModelFile::Config, "tests/fixtures/standin-tiny/config.json"),
        ] {
            let bytes = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
            refuse(file, &bytes).unwrap();
        }
        refuse(ModelFile::Bundle, b"\x89RWBUN\r\n").unwrap();
        refuse(ModelFile::Tokenizer, b"\x89RWTOK\r\n").unwrap();
        refuse(ModelFile::Config, b"{}").unwrap();
        refuse(ModelFile::Config, br#"{"error_rate": 1}"#).unwrap();
    }

    #[test]
    fn a_beginning_is_the_same_in_any_chunks() {
        let pointer = [LFS, &[b'x'; 200]].concat();
        for size in [1, 7, 300] {
            let mut beginning = Beginning::default();
            pointer.chunks(size).for_each(|chunk| beginning.push(chunk));
            assert_eq!(beginning.0, pointer[..LENGTH]);
            assert!(beginning.kind(ModelFile::Model).is_some());
        }
    }
}
