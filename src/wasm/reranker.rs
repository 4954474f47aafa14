//! The exports of the engine, declared for TypeScript in `pkg/src/wasm/bindings.d.ts`.

use std::sync::{Arc, Mutex, PoisonError};

use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::engine::{self, Expectation, LongDocuments};
use crate::error::{Error, MemoryUse, ModelFile};
use crate::kernels::linear::race::Race;

/// Bytes of a chunk that are copied into the instance at a time.
const PART_BYTES: u32 = 1 << 16;

fn to_js(value: &impl serde::Serialize) -> Result<JsValue, Error> {
    serde_wasm_bindgen::to_value(value).map_err(|error| Error::Internal(error.to_string()))
}

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
}

#[wasm_bindgen]
pub struct KernelRace(Race);

#[wasm_bindgen]
impl KernelRace {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Self, Error> {
        let race = Race::new();
        race.map(Self).ok_or(Error::OutOfMemory { purpose: MemoryUse::Kernels, bytes: Race::WEIGHTS })
    }

    /// Returns the names of the kernels.
    pub fn entrants(&self) -> Vec<String> {
        self.0.entrants().map(str::to_owned).collect()
    }

    /// Returns how many products of two numbers a run adds up.
    #[wasm_bindgen(getter)]
    pub fn products(&self) -> usize {
        Race::PRODUCTS
    }

    pub fn run(&mut self, entrant: usize) {
        self.0.run(entrant);
    }

    /// Ends the race. Models that load after it take the fastest kernel by these times.
    pub fn choose(self, times: &[f64]) {
        self.0.choose(times);
    }
}

/// The model that [`Model::kept`] returns, also in a copy of the instance's memory.
static KEPT: Mutex<Option<Arc<engine::Reranker>>> = Mutex::new(None);

#[wasm_bindgen]
pub struct Model(Arc<engine::Reranker>);

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
        let mut now = || now.call0(&JsValue::UNDEFINED).ok().and_then(|time| time.as_f64()).unwrap_or(f64::NAN);
        to_js(&self.0.profile(tokens, &mut now)?)
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
