//! Shows the input rows of linear layers in a forward pass.

use tract_core::internal::*;
use tract_core::plan::eval;

use super::{Encoder, TokenSequence};
use crate::error::Result;
use crate::graph::fuse::attention::Attention;
use crate::graph::fuse::linear::LinearLayers;
use crate::graph::fuse::stages::eval_stages;
use crate::kernels::linear::Linear;
use crate::onnx::refusal::invalid;

impl Encoder {
    /// Runs the pair and passes each linear layer on integers to `see`, with the rows that it reads.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails.
    pub fn observe(&self, sequence: &TokenSequence, see: &mut dyn FnMut(&Linear, &[f32])) -> Result<()> {
        let mut run = || -> TractResult<()> {
            let mut state = self.plan.spawn()?;
            state.run_plan_with_eval(self.feed(sequence)?, |context, state, node, inputs| {
                let mut linear = |linear: &LinearLayers, inputs: &[TVec<TValue>], _| {
                    let rows = inputs[0][0].try_as_plain_ram()?;
                    let rows = rows.as_slice::<f32>()?;
                    linear.quantized_layers().into_iter().flatten().for_each(|layer| see(layer, rows));
                    linear.eval_together(inputs.iter().map(|inputs| &inputs[0]))
                };
                match eval_stages(node, std::slice::from_ref(&inputs), &mut linear, &mut Attention::eval_alone)? {
                    Some(mut outputs) => outputs.pop().context("the stages of a node returned no outputs"),
                    None => eval(context, state, node, inputs),
                }
            })?;
            Ok(())
        };
        run().map_err(|error| invalid(format!("the graph failed on {} tokens: {error:#}", sequence.ids.len())))
    }
}
