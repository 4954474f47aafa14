//! The common structure of fused operators with linear layers or attention.

use tract_core::internal::*;

use super::attention::Attention;
use super::feed_forward::FeedForward;
use super::linear::LinearLayers;
use super::rows::first_rows;
use super::self_attention::SelfAttention;

/// A part of such an operator; the same part also exists as a separate operator.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// Reads the first input; its outputs replace that input.
    Linear(&'a LinearLayers),
    /// Reads the first row of the first input, and leaves the inputs as they are. Its output becomes attention's first
    /// input.
    FirstQuery(&'a LinearLayers),
    /// Reads all inputs.
    Attention(&'a Attention),
}

/// The stages of a node, in the order in which they run; empty for other operators.
pub fn stages(node: &TypedNode) -> TVec<Stage<'_>> {
    if let Some(linear) = node.op_as() {
        return tvec![Stage::Linear(linear)];
    }
    if let Some(attention) = node.op_as() {
        return tvec![Stage::Attention(attention)];
    }
    if let Some(feed_forward) = node.op_as::<FeedForward>() {
        return feed_forward.layers().into_iter().map(Stage::Linear).collect();
    }
    let Some(fused) = node.op_as::<SelfAttention>() else { return tvec![] };
    let first_query = fused.first_query().map(Stage::FirstQuery);
    first_query.into_iter().chain([Stage::Linear(fused.linear()), Stage::Attention(fused.attention())]).collect()
}

/// Computes the outputs of a layer for each of several lists of inputs. The flag says whether this is the last stage.
pub type EvalLinear<'a> = dyn FnMut(&LinearLayers, &[TVec<TValue>], bool) -> TractResult<Vec<TVec<TValue>>> + 'a;

/// Evaluates a node stage by stage for each of several lists of inputs; `attention` evaluates one list. Returns `None`
/// for other operators.
pub fn eval_stages(
    node: &TypedNode,
    inputs: &[TVec<TValue>],
    linear: &mut EvalLinear<'_>,
    attention: &mut dyn FnMut(&Attention, &[TValue]) -> TractResult<TValue>,
) -> TractResult<Option<Vec<TVec<TValue>>>> {
    let mut stages = stages(node).into_iter().peekable();
    if stages.peek().is_none() {
        return Ok(None);
    }
    let mut values = inputs.to_vec();
    let mut queries = None;
    while let Some(stage) = stages.next() {
        values = match stage {
            Stage::Linear(layer) => {
                let mut outputs = linear(layer, &values, stages.peek().is_none())?;
                for (outputs, inputs) in outputs.iter_mut().zip(&values) {
                    outputs.extend(inputs[1..].iter().cloned());
                }
                outputs
            }
            Stage::FirstQuery(layer) => {
                let first = values.iter().map(|values| Ok(tvec![first_rows(&values[0])?]));
                let first = first.collect::<TractResult<Vec<_>>>()?;
                queries = Some(linear(layer, &first, false)?);
                values
            }
            Stage::Attention(layer) => {
                for (values, mut queries) in values.iter_mut().zip(queries.take().into_iter().flatten()) {
                    values.insert(0, queries.remove(0));
                }
                values.iter().map(|values| Ok(tvec![attention(layer, values)?])).collect::<TractResult<_>>()?
            }
        };
    }
    Ok(Some(values))
}

/// Evaluates a node for each of several lists of inputs, with all their rows in one pass of its linear layers. Returns
/// `None` for an operator without such layers.
pub fn eval_together(node: &TypedNode, inputs: &[TVec<TValue>]) -> TractResult<Option<Vec<TVec<TValue>>>> {
    let states = inputs.iter().map(|inputs| &inputs[0]);
    if let Some(linear) = node.op_as::<LinearLayers>() {
        return linear.eval_together(states).map(Some);
    }
    if let Some(feed_forward) = node.op_as::<FeedForward>() {
        return feed_forward.eval_together(states).map(Some);
    }
    node.op_as::<SelfAttention>().map(|attention| attention.eval_together(inputs)).transpose()
}
