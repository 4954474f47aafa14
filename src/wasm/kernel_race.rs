//! The race of the kernels for JavaScript.

use wasm_bindgen::prelude::*;

use crate::error::{Error, MemoryUse};
use crate::kernels::linear::race::Race;

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
