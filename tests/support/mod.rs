//! The fixtures of the integration tests, with their readers.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod family;
pub mod protobuf;
pub mod small_model;
pub mod standin;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rerank_wasm::engine::{Expectation, Loader, Reranker};
use rerank_wasm::error::{ModelFile, Result};
use rerank_wasm::graph::{Encoder, Rewrite, TokenSequence};
use rerank_wasm::onnx::{OnnxModel, Parser};
use serde::de::DeserializeOwned;

pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn read(path: &str) -> Vec<u8> {
    let path = repository(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a file with one JSON object a line.
pub fn read_json_lines<Row: DeserializeOwned>(path: &str) -> Vec<Row> {
    let text = String::from_utf8(read(path)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Parses a model that arrives in these chunks.
pub fn parse<'a>(expected_size: Option<u64>, chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<OnnxModel> {
    let mut parser = Parser::new(expected_size);
    chunks.into_iter().try_for_each(|chunk| parser.push(chunk))?;
    parser.finish()
}

/// Loads the graph of a model that arrives at once.
pub fn graph(model: &[u8]) -> Result<Encoder> {
    Encoder::from_onnx(parse(None, [model])?)
}

/// Loads a graph with these rewrites only.
pub fn graph_with(model: &[u8], rewrites: &[Rewrite]) -> Result<Encoder> {
    Encoder::from_onnx_with(parse(None, [model])?, rewrites)
}

/// Makes a sequence with all tokens in the first segment.
pub fn sequence(ids: &[u32]) -> TokenSequence {
    TokenSequence { ids: ids.to_vec(), type_ids: vec![0; ids.len()] }
}

/// Returns the logit of tokens in the first segment.
pub fn logit(graph: &Encoder, ids: &[u32]) -> f32 {
    graph.logit(&sequence(ids)).unwrap()
}

/// Passes the three files in chunks of `chunk_bytes`.
pub fn feed(loader: &mut Loader, model: &[u8], tokenizer: &[u8], config: &[u8], chunk_bytes: usize) -> Result<()> {
    for (file, bytes) in [(ModelFile::Config, config), (ModelFile::Tokenizer, tokenizer), (ModelFile::Model, model)] {
        loader.begin(file, Expectation::default())?;
        for chunk in bytes.chunks(chunk_bytes) {
            loader.push(chunk)?;
        }
        loader.end()?;
    }
    Ok(())
}

/// Loads the three files in chunks of `chunk_bytes`.
pub fn load(model: &[u8], tokenizer: &[u8], config: &[u8], chunk_bytes: usize) -> Result<Arc<Reranker>> {
    let mut loader = Loader::default();
    feed(&mut loader, model, tokenizer, config, chunk_bytes)?;
    loader.finish().map(Arc::new)
}

/// Loads a bundle that arrives at once.
pub fn load_bundle(bundle: &[u8]) -> Arc<Reranker> {
    let mut loader = Loader::default();
    loader.begin(ModelFile::Bundle, Expectation { size: Some(bundle.len()), ..Default::default() }).unwrap();
    loader.push(bundle).unwrap();
    loader.end().unwrap();
    Arc::new(loader.finish().unwrap())
}

/// The tiny stand-in with int8 weights.
pub const TINY: &str = "tests/fixtures/standin-tiny/onnx/model_quantized.onnx";

/// The small model, published as `rerank-wasm-mini`.
pub fn load_mini() -> Arc<Reranker> {
    let [model, tokenizer, config] =
        ["pkg/mini/onnx/model_quantized.onnx", "pkg/mini/tokenizer.json", "pkg/mini/config.json"].map(read);
    load(&model, &tokenizer, &config, 1 << 20).unwrap()
}

pub fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// A generator of random numbers (linear congruential).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// Cuts `bytes` into chunks of 0 to `most` bytes.
    pub fn chunks<'a>(&mut self, mut bytes: &'a [u8], most: usize) -> Vec<&'a [u8]> {
        let mut chunks = Vec::new();
        while !bytes.is_empty() {
            let (chunk, rest) = bytes.split_at(self.below(most + 1).min(bytes.len()));
            chunks.push(chunk);
            bytes = rest;
        }
        chunks
    }
}
