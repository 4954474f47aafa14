//! Measures the time of each operator in a forward pass.

use std::collections::BTreeMap;

use tract_core::plan::eval;
use tract_core::prelude::*;

use super::{Encoder, TokenSequence};
use crate::error::Result;
use crate::onnx::refusal::invalid;

/// Time of all nodes of one operator in one forward pass.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OperatorTime {
    pub operator: String,
    pub nodes: usize,
    pub milliseconds: f64,
}

impl Encoder {
    /// Runs the pair and returns the time of each operator, longest first. `now` is a clock in milliseconds, because
    /// some targets have none.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails.
    pub fn profile(&self, sequence: &TokenSequence, now: &mut dyn FnMut() -> f64) -> Result<Vec<OperatorTime>> {
        let mut times: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        let mut run = || -> TractResult<()> {
            let mut state = self.plan.spawn()?;
            state.run_plan_with_eval(self.feed(sequence)?, |context, state, node, inputs| {
                let start = now();
                let outputs = eval(context, state, node, inputs);
                let (nodes, milliseconds) = times.entry(node.op.name().into_owned()).or_default();
                *nodes += 1;
                *milliseconds += now() - start;
                outputs
            })?;
            Ok(())
        };
        run().map_err(|error| invalid(format!("the graph failed on {} tokens: {error:#}", sequence.ids.len())))?;
        let mut times: Vec<_> = times
            .into_iter()
            .map(|(operator, (nodes, milliseconds))| OperatorTime { operator, nodes, milliseconds })
            .collect();
        times.sort_by(|one, other| other.milliseconds.total_cmp(&one.milliseconds));
        Ok(times)
    }
}
