//! The loader for JavaScript.

use std::sync::Arc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::embedder::Embedder;
use super::reranker::Model;
use crate::engine::{self, Expectation};
use crate::error::{Error, ModelFile};

/// Bytes of a chunk that are copied into the instance at a time.
const PART_BYTES: u32 = 1 << 16;

#[wasm_bindgen]
#[derive(Default)]
pub struct Loader(engine::Loader);

#[wasm_bindgen]
impl Loader {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn begin(
        &mut self,
        file: &str,
        size: Option<u32>,
        sha256: Option<String>,
        #[wasm_bindgen(js_name = likelySize)] likely_size: Option<u32>,
    ) -> Result<(), Error> {
        let [size, likely_size] = [size, likely_size].map(|size| size.map(|size| size as usize));
        self.0.begin(ModelFile::from_name(file)?, Expectation { size, likely_size, sha256 })
    }

    pub fn push(&mut self, chunk: &Uint8Array) -> Result<(), Error> {
        // In parts, since memory of a large copy would stay with the instance.
        for start in (0..chunk.length()).step_by(PART_BYTES as usize) {
            self.0.push(&chunk.subarray(start, start.saturating_add(PART_BYTES).min(chunk.length())).to_vec())?;
        }
        Ok(())
    }

    pub fn end(&mut self) -> Result<(), Error> {
        self.0.end()
    }

    /// Ends the tokenizer file. Returns its compact form if it came as JSON and has one.
    #[wasm_bindgen(js_name = endAndConvert)]
    pub fn end_and_convert(&mut self) -> Result<Option<Uint8Array>, Error> {
        let (mut compact, mut filled) = (None, 0);
        // In parts, since memory for all of it would stay with the instance.
        self.0.end_and_convert(&mut |size, part| {
            let compact = compact.get_or_insert_with(|| Uint8Array::new_with_length(size as u32));
            let start = filled;
            filled += part.len() as u32;
            compact.subarray(start, filled).copy_from(part);
            Ok(())
        })?;
        Ok(compact)
    }

    /// Returns the name of the next file with weights, which lies beside the model.
    #[wasm_bindgen(js_name = nextDataFile)]
    pub fn next_data_file(&self) -> Option<String> {
        self.0.next_data_file().map(str::to_owned)
    }

    pub fn finish(self) -> Result<Model, Error> {
        Ok(Model(Arc::new(self.0.finish()?)))
    }

    /// `pooling` is `cls`, `mean`, `max` or `lasttoken`.
    #[wasm_bindgen(js_name = finishEmbedder)]
    pub fn finish_embedder(self, pooling: &str) -> Result<Embedder, Error> {
        Ok(Embedder(Arc::new(self.0.finish_embedder(pooling)?)))
    }
}
