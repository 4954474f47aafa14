//! Forward passes on floats. Linear layers multiply the numbers that their integers stand for, and nothing rounds their
//! inputs or attention. So the error of a logit that remains comes from the weights alone.

use tract_core::internal::*;
use tract_core::plan::eval;

use super::output::logit;
use super::{Encoder, TokenSequence};
use crate::error::Result;
use crate::graph::fuse::layer_norm::AddLayerNorm;
use crate::graph::fuse::linear::LinearLayers;
use crate::graph::fuse::pattern::only_reader;
use crate::graph::fuse::rows::{floats, output_for, plain};
use crate::graph::fuse::stages::{Stage, eval_stages, stages};
use crate::kernels::attention::Inputs;
use crate::kernels::linear::Linear;
use crate::kernels::reference;
use crate::onnx::refusal::invalid;

/// Computes the outputs of layers that read the same rows: one list per layer, and in it one per pair.
pub type ComputeOutputs<'a> = dyn FnMut(&Reading<'_>) -> Result<Vec<Vec<Vec<f32>>>> + 'a;

/// Layers that read the same rows.
#[derive(Debug)]
pub struct Reading<'a> {
    pub layers: &'a [Arc<Linear>],
    /// The rows of each pair, side by side.
    pub rows: &'a [&'a [f32]],
    /// For each pair, the addend of a lone layer's outputs. `None` if there is none, or it is not known yet.
    pub residuals: Option<Vec<&'a [f32]>>,
}

impl Encoder {
    /// Computes the logit of one pair on floats.
    ///
    /// # Errors
    /// As [`logit`](Self::logit).
    pub fn exact_logit(&self, sequence: &TokenSequence) -> Result<f32> {
        let run = || {
            let mut state = self.plan.spawn()?;
            let outputs =
                state.run_plan_with_eval(self.feed(sequence)?, |context, state, node, inputs| {
                    match evaluate(node, std::slice::from_ref(&inputs), None, &mut own_outputs)? {
                        Some(mut outputs) => outputs.pop().context("the stages of a node returned no outputs"),
                        None => eval(context, state, node, inputs),
                    }
                })?;
            outputs.first().cloned().ok_or_else(|| TractError::msg("the graph has no output"))
        };
        let length = sequence.ids.len();
        let output = run().map_err(|error| invalid(format!("the graph failed on {length} tokens: {error:#}")))?;
        logit(&output, length)
    }

    /// Computes the logits of several pairs on floats, in lockstep, with linear layers computed by `layers`. Returns
    /// `None` for a graph that cannot run in lockstep.
    ///
    /// # Errors
    /// Those of [`exact_logit`](Self::exact_logit) and of `layers`.
    pub fn exact_logits(
        &self,
        sequences: &[TokenSequence],
        layers: &mut ComputeOutputs<'_>,
    ) -> Result<Option<Vec<f32>>> {
        let Some(schedule) = &self.schedule else { return Ok(None) };
        let mut run = || {
            let feeds = sequences.iter().map(|sequence| self.feed(sequence)).collect::<TractResult<_>>()?;
            schedule.run_with(&self.plan, feeds, &mut |node, inputs, values| {
                let residuals = residual_of(self.plan.model(), node).and_then(|outlet| values.of(outlet));
                evaluate(node, inputs, residuals, layers)
            })
        };
        let outputs = run().map_err(|error| {
            let failed = |error| invalid(format!("the graph failed on {} pairs: {error:#}", sequences.len()));
            error.downcast().unwrap_or_else(failed)
        })?;
        let logits = outputs.iter().zip(sequences).map(|(output, sequence)| logit(output, sequence.ids.len()));
        logits.collect::<Result<_>>().map(Some)
    }
}

/// Computes the outputs of layers with their integer weights.
fn own_outputs(&Reading { layers, rows, .. }: &Reading<'_>) -> Result<Vec<Vec<Vec<f32>>>> {
    let of_layer = |layer: &Arc<Linear>| {
        let weights = layer.weights();
        rows.iter().map(|rows| outputs(rows, &weights, layer.bias())).collect()
    };
    Ok(layers.iter().map(of_layer).collect())
}

/// The addend of a linear layer's output before the next normalisation.
fn residual_of(model: &TypedModel, node: &TypedNode) -> Option<OutletId> {
    let Some(&Stage::Linear(linear)) = stages(node).last() else { return None };
    if !linear.is_one_layer() {
        return None;
    }
    let norm = only_reader(model, node).filter(|next| next.op_is::<AddLayerNorm>())?;
    norm.inputs.iter().copied().find(|&input| input != node.id.into())
}

/// Computes the outputs of a node with linear layers or attention, for each pair; returns `None` for other nodes.
fn evaluate(
    node: &TypedNode,
    inputs: &[TVec<TValue>],
    residuals: Option<Vec<&TValue>>,
    layers: &mut ComputeOutputs<'_>,
) -> TractResult<Option<Vec<TVec<TValue>>>> {
    let mut linear = |linear: &LinearLayers, inputs: &[TVec<TValue>], is_last: bool| match linear.quantized_layers() {
        Some(quantized) => {
            let residuals = residuals.as_deref().filter(|_| is_last);
            linear_outputs(linear, quantized, inputs, residuals, layers)
        }
        None => linear.eval_together(inputs.iter().map(|inputs| &inputs[0])),
    };
    eval_stages(node, inputs, &mut linear, &mut |attention, inputs| attention.eval_with(inputs, &on_floats))
}

fn on_floats(inputs: &Inputs<'_>, context: &mut [f32], stride: usize) {
    reference::attention(inputs, &mut Vec::new(), context, stride);
}

fn linear_outputs(
    linear: &LinearLayers,
    quantized: &[Arc<Linear>],
    inputs: &[TVec<TValue>],
    residuals: Option<&[&TValue]>,
    layers: &mut ComputeOutputs<'_>,
) -> TractResult<Vec<TVec<TValue>>> {
    let rows = plain(inputs.iter().map(|inputs| &inputs[0]))?;
    let rows = floats(&rows)?;
    let residuals = residuals.map(|residuals| plain(residuals.iter().copied())).transpose()?;
    let residuals = residuals.as_deref().map(floats).transpose()?.map(TVec::into_vec);
    let reading = Reading { layers: quantized, rows: &rows, residuals };
    let layers = layers(&reading)?;
    let of_pair = |(pair, inputs): (usize, &TVec<TValue>)| {
        let rows: Vec<&[f32]> = layers.iter().map(|pairs| &pairs[pair][..]).collect();
        let outputs = linear.outputs_of(&rows).into_iter().zip(linear.output_lengths());
        outputs
            .map(|(output, length)| {
                let mut tensor = output_for(&inputs[0], length)?;
                tensor.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.copy_from_slice(&output);
                Ok(tensor.into_tvalue())
            })
            .collect()
    };
    inputs.iter().enumerate().map(of_pair).collect()
}

/// Outputs of a layer for rows side by side; `weights` is inputs × outputs.
pub fn outputs(rows: &[f32], weights: &[f32], bias: &[f32]) -> Vec<f32> {
    let inputs = weights.len() / bias.len().max(1);
    let rows: Vec<&[f32]> = rows.chunks_exact(inputs.max(1)).collect();
    let mut outputs = bias.repeat(rows.len());
    reference::multiply_add(&rows, weights, &mut outputs.chunks_exact_mut(bias.len().max(1)).collect::<Vec<_>>());
    outputs
}
