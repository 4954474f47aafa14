//! The embedder for JavaScript.

use std::sync::{Arc, Mutex, PoisonError};

use js_sys::{Float32Array, Uint32Array};
use wasm_bindgen::prelude::*;

use super::to_js;
use crate::engine::{self, Text};
use crate::error::Error;

/// The model that [`Embedder::kept`] returns, also in a copy of the instance's memory.
static KEPT: Mutex<Option<Arc<engine::Embedder>>> = Mutex::new(None);

#[wasm_bindgen]
pub struct Embedder(pub(super) Arc<engine::Embedder>);

#[wasm_bindgen]
impl Embedder {
    #[wasm_bindgen(getter, js_name = maxTokens)]
    pub fn max_tokens(&self) -> usize {
        self.0.max_tokens()
    }

    #[wasm_bindgen(getter)]
    pub fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    /// Returns what decides the model's speed.
    pub fn speed(&self) -> Result<JsValue, Error> {
        to_js(&self.0.speed())
    }

    /// Keeps the model for [`kept`](Self::kept).
    pub fn keep(&self) {
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&self.0));
    }

    /// Returns the model that was kept in this memory, or in the one that it is a copy of.
    pub fn kept() -> Option<Embedder> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone().map(Self)
    }

    /// Starts a job. Each text is a string, or a `Uint32Array` with the ids of its tokens.
    pub fn start(
        &self,
        texts: Vec<JsValue>,
        #[wasm_bindgen(js_name = maxTokens)] max_tokens: Option<usize>,
    ) -> Result<EmbeddingJob, Error> {
        Ok(EmbeddingJob(self.0.start(texts.into_iter().map(text).collect(), max_tokens)?))
    }

    /// Returns the start and the end of each of the overlapping windows of a text, in UTF-16 code units.
    pub fn windows(
        &self,
        text: &str,
        #[wasm_bindgen(js_name = maxTokens)] max_tokens: Option<usize>,
        overlap: usize,
    ) -> Result<Vec<u32>, Error> {
        let windows = self.0.windows(text, max_tokens, overlap)?;
        Ok(windows.into_iter().flat_map(|window| [window.start as u32, window.end as u32]).collect())
    }
}

fn text(value: JsValue) -> Text {
    match value.as_string() {
        Some(text) => Text::Plain(text),
        None => Text::Ids(value.unchecked_into::<Uint32Array>().to_vec()),
    }
}

#[wasm_bindgen]
pub struct EmbeddingJob(engine::EmbeddingJob);

#[wasm_bindgen]
impl EmbeddingJob {
    /// Returns two numbers for each text embedded so far, in the order of the list, from `from` on. They are its tokens,
    /// and 1 if it was cut.
    pub fn embedded(&self, from: usize) -> Vec<u32> {
        let texts = self.0.embedded().get(from..).unwrap_or_default();
        texts.iter().flat_map(|text| [text.tokens as u32, text.truncated.into()]).collect()
    }

    /// Returns the vector of a text that is embedded.
    pub fn vector(&self, index: usize) -> Option<Float32Array> {
        self.0.embedded().get(index).map(|text| Float32Array::from(&text.vector[..]))
    }

    pub fn step(&mut self) -> Result<bool, Error> {
        self.0.step()
    }
}
