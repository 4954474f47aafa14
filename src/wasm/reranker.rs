//! The reranker for JavaScript.

use std::sync::{Arc, Mutex, PoisonError};

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::{clock, to_js};
use crate::engine::{self, LongDocuments};
use crate::error::Error;

/// The model that [`Model::kept`] returns, also in a copy of the instance's memory.
static KEPT: Mutex<Option<Arc<engine::Reranker>>> = Mutex::new(None);

#[wasm_bindgen]
pub struct Model(pub(super) Arc<engine::Reranker>);

#[wasm_bindgen]
impl Model {
    #[wasm_bindgen(getter, js_name = maxTokens)]
    pub fn max_tokens(&self) -> usize {
        self.0.max_tokens()
    }

    /// Returns what decides the model's speed.
    pub fn speed(&self) -> Result<JsValue, Error> {
        to_js(&self.0.speed())
    }

    /// Measures the time of each operator in a warm forward pass over `tokens` tokens. `now` is a clock in
    /// milliseconds.
    pub fn profile(&self, tokens: usize, now: &Function) -> Result<JsValue, Error> {
        to_js(&self.0.profile(tokens, &mut clock(now))?)
    }

    /// Keeps the model for [`kept`](Self::kept).
    pub fn keep(&self) {
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&self.0));
    }

    /// Returns the model that was kept in this memory, or in the one that it is a copy of.
    pub fn kept() -> Option<Model> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone().map(Self)
    }

    /// Starts a job. With `chunk` it scores long documents in windows, otherwise it cuts them.
    pub fn start(
        &self,
        query: &str,
        documents: Vec<String>,
        max_tokens: Option<usize>,
        chunk: Option<bool>,
    ) -> Result<Job, Error> {
        let long_documents = if chunk == Some(true) { LongDocuments::Chunk } else { LongDocuments::Truncate };
        Ok(Job(self.0.start(query, documents, max_tokens, long_documents)?))
    }
}

#[wasm_bindgen]
pub struct Job(engine::Job);

#[wasm_bindgen]
impl Job {
    /// Returns the documents scored so far, in the order of the list, from `from` on.
    pub fn scored(&self, from: usize) -> Result<JsValue, Error> {
        to_js(&self.0.scored().get(from..).unwrap_or_default())
    }

    pub fn step(&mut self) -> Result<bool, Error> {
        self.0.step()
    }
}
