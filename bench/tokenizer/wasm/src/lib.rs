//! The benchmark calls both tokenizers through this module.
#![allow(dead_code, unused_imports, reason = "the parts of the engine that are measured elsewhere")]

#[path = "../../../../src/error.rs"]
mod error;
#[path = "../../../../src/foreign.rs"]
mod foreign;
#[path = "../../../../src/memory.rs"]
mod memory;
#[path = "../../../../src/tokenizer/mod.rs"]
mod tokenizer;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

/// `src/wasm/reranker.rs` copies chunks in parts of this size, too.
const PART_BYTES: u32 = 1 << 16;

fn thrown(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

/// Reads a tokenizer.json or its compact form, in chunks.
#[wasm_bindgen]
pub struct Reader(tokenizer::TokenizerReader);

#[wasm_bindgen]
impl Reader {
    #[wasm_bindgen(constructor)]
    pub fn new(size: usize) -> Self {
        Self(tokenizer::TokenizerReader::new(Some(size)))
    }

    pub fn push(&mut self, chunk: &Uint8Array) {
        for start in (0..chunk.length()).step_by(PART_BYTES as usize) {
            let end = start.saturating_add(PART_BYTES).min(chunk.length());
            self.0.push(&chunk.subarray(start, end).to_vec());
        }
    }

    pub fn finish(self) -> Result<Own, JsError> {
        self.0.finish().map(Own).map_err(thrown)
    }

    /// Does what the package does at the first load. `compact` receives each part of the compact form.
    #[wasm_bindgen(js_name = finishAndConvert)]
    pub fn finish_and_convert(self, compact: &Uint8Array) -> Result<Own, JsError> {
        let mut filled = 0;
        let mut sink = |_: usize, part: &[u8]| {
            let start = filled;
            filled += part.len() as u32;
            compact.subarray(start, filled).copy_from(part);
            Ok(())
        };
        self.0.finish_and_convert(&mut sink).map(Own).map_err(thrown)
    }
}

/// The tokenizer of this project.
#[wasm_bindgen]
pub struct Own(tokenizer::Tokenizer);

#[wasm_bindgen]
impl Own {
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, JsError> {
        self.0.ids(text).map_err(thrown)
    }
}

/// The tokenizer of the `tokenizers` crate.
#[wasm_bindgen]
pub struct Peer(tokenizers::Tokenizer);

#[wasm_bindgen]
impl Peer {
    #[wasm_bindgen(constructor)]
    pub fn new(json: &[u8]) -> Result<Self, JsError> {
        tokenizers::Tokenizer::from_bytes(json).map(Self).map_err(thrown)
    }

    pub fn ids(&self, text: &str) -> Result<Vec<u32>, JsError> {
        Ok(self.0.encode_fast(text, false).map_err(thrown)?.get_ids().to_vec())
    }
}

/// Converts a tokenizer.json to the compact form.
#[wasm_bindgen]
pub fn compact(json: &[u8]) -> Result<Vec<u8>, JsError> {
    tokenizer::compact_form(json).map_err(thrown)
}
