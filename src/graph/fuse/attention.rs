//! Scaled dot-product attention over all heads, without transposed copies.
//!
//! In the graph this is Reshape of query, key and value into heads, EinSum, Mul by the scale, Add of the mask, Softmax,
//! EinSum, Reshape back.

use tract_core::internal::*;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Add, Mul};
use tract_core::ops::nn::{Softmax, SoftmaxKind};

use super::pattern::*;
use super::rows::{floats, plain};
use super::weights::Weights;
use crate::kernels::attention::{AttentionScratch, Inputs, Rows, attention};
use crate::threads;

/// Fewer queries are not worth another thread, which would prepare the keys and values again.
const QUERIES_OF_A_PART: usize = 32;

/// The fused operator. Inputs: queries (batch × rows × hidden, or batch × hidden for one row), keys and values (batch ×
/// sequence × hidden), mask (batch × 1 × 1 × sequence, added to the scores). Output: context, with the queries' shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    pub heads: usize,
    /// Factor of the scores.
    pub scale: f32,
}

impl Eq for Attention {}

impl Op for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(tvec!(self.eval_alone(&inputs)?))
    }
}

impl Attention {
    /// Computes the output with the kernel on integers.
    pub fn eval_alone(&self, inputs: &[TValue]) -> TractResult<TValue> {
        self.eval_with(inputs, &|inputs, context, stride| {
            attention(inputs, &mut AttentionScratch::default(), context, stride);
        })
    }

    /// Computes the output with `kernel`, which receives its inputs, the rows of the context and their stride.
    pub fn eval_with(
        &self,
        inputs: &[TValue],
        kernel: &(dyn Fn(&Inputs<'_>, &mut [f32], usize) + Sync),
    ) -> TractResult<TValue> {
        let mut output = Tensor::zero::<f32>(inputs[0].shape())?;
        let &[batch, sequence, hidden] = inputs[1].shape() else {
            bail!("the keys have shape {:?}; batch × sequence × hidden size was expected", inputs[1].shape())
        };
        if output.len() == 0 {
            return Ok(output.into_tvalue());
        }
        let views = plain(inputs)?;
        let &[queries, keys, values, mask] = &floats(&views)?[..] else {
            bail!("attention has {} inputs; 4 were expected", inputs.len())
        };
        let rows = queries.len() / (batch * hidden);
        let mut plain = output.try_as_plain_ram_mut()?;
        let part_rows = rows.div_ceil(threads::parts(rows, QUERIES_OF_A_PART)).next_multiple_of(4);
        let mut parts = Vec::new();
        for (index, context) in plain.as_slice_mut::<f32>()?.chunks_exact_mut(rows * hidden).enumerate() {
            let part = |values: &'_ [f32], count: usize| -> std::ops::Range<usize> {
                debug_assert!(values.len() >= (index + 1) * count * hidden);
                index * count * hidden..(index + 1) * count * hidden
            };
            let queries = queries[part(queries, rows)].chunks(part_rows * hidden);
            for (queries, context) in queries.zip(context.chunks_mut(part_rows * hidden)) {
                let inputs = Inputs {
                    queries: Rows { values: queries, count: queries.len() / hidden, stride: hidden },
                    keys: Rows { values: &keys[part(keys, sequence)], count: sequence, stride: hidden },
                    values: Rows { values: &values[part(values, sequence)], count: sequence, stride: hidden },
                    mask: Some(&mask[index * sequence..(index + 1) * sequence]),
                    heads: self.heads,
                    head_size: hidden / self.heads,
                    scale: self.scale,
                };
                parts.push((inputs, context));
            }
        }
        threads::split(parts, |(inputs, context)| kernel(&inputs, context, hidden));
        Ok(output.into_tvalue())
    }
}

impl TypedOp for Attention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs.len() == 4 && inputs[1].shape == inputs[2].shape,
            "attention needs 4 inputs, with keys and values of one shape"
        );
        ensure!(
            inputs[0].shape.last() == inputs[1].shape.last(),
            "the queries and the keys of attention differ in hidden size"
        );
        Ok(tvec!(f32::fact(inputs[0].shape.clone())))
    }

    as_op!();
}

/// Matches around the Softmax.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    softmax: &Softmax,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(softmax.axes[..] == [3] && softmax.quant_output_dt.is_none());
    rule_if!(matches!(softmax.kind, SoftmaxKind::Softmax));
    let masked = producer(model, node.inputs[0]);
    rule_if!(is_binary::<Add>(masked));
    rule_if_some!((scaled, scores, scale) = masked.inputs.iter().find_map(|&outlet| scaled_scores(model, outlet)));
    rule_if_some!(mask = other_input(masked, scaled));
    rule_if_some!(context = only_reader(model, node));
    rule_if!(contracts(context, "abmk,akbn->ambn") && context.inputs[0] == OutletId::from(node.id));
    rule_if_some!(
        merged = only_reader(model, context).filter(|next| matches!(next.op_as(), Some(AxisOp::Reshape(2, ..))))
    );

    rule_if_some!((queries, heads) = split_into_heads(model, scores.inputs[0]));
    rule_if_some!((keys, key_heads) = split_into_heads(model, scores.inputs[1]));
    rule_if_some!((values, value_heads) = split_into_heads(model, context.inputs[1]));
    let shape = |outlet: OutletId| model.outlet_fact(outlet).map(|fact| fact.shape.to_tvec());
    let keys_shape = shape(keys)?;
    rule_if!(
        heads == key_heads && heads == value_heads && shape(values)? == keys_shape && shape(queries)? == keys_shape
    );
    rule_if!(shape(merged.id.into())? == keys_shape);
    let one = 1.to_dim();
    rule_if!(shape(mask)?[..] == [keys_shape[0].clone(), one.clone(), one, keys_shape[1].clone()]);

    let mut patch = TypedModelPatch::default();
    let taps = patch.taps(model, &[queries, keys, values, mask])?;
    let output = patch.wire_node(name, Attention { heads, scale }, &taps)?;
    patch.shunt_outside(model, merged.id.into(), output[0])?;
    Ok(Some(patch))
}

/// The product of queries and keys behind `outlet`, and the factor that scales it.
fn scaled_scores(model: &TypedModel, outlet: OutletId) -> Option<(OutletId, &TypedNode, f32)> {
    let scaled = Some(producer(model, outlet)).filter(|node| is_binary::<Mul>(node))?;
    let (scores, scale) = variable_and_constant(model, scaled)?;
    let scores = producer(model, scores);
    contracts(scores, "ambk,anbk->abmn").then_some((outlet, scores, scalar(&scale)?))
}

/// True for an EinSum of floats with these axes, under any letters.
fn contracts(node: &TypedNode, expression: &str) -> bool {
    let Some(operation) = node.op_as::<EinSum>() else { return false };
    let Ok(expected) = expression.parse::<AxesMapping>() else { return false };
    let places = |mapping: &AxesMapping| {
        let mut places: Vec<_> =
            mapping.iter_all_axes().map(|axis| (axis.inputs.clone(), axis.outputs.clone())).collect();
        places.sort();
        places
    };
    operation.q_params.is_none() && places(&operation.axes) == places(&expected)
}

/// The tensor (batch × sequence × hidden) that is reshaped to `outlet` (batch × sequence × heads × head size), and the
/// number of heads.
fn split_into_heads(model: &TypedModel, outlet: OutletId) -> Option<(OutletId, usize)> {
    let node = producer(model, outlet);
    match node.op_as()? {
        AxisOp::Reshape(2, from, to) if from.len() == 1 && to.len() == 2 => {
            Some((node.inputs[0], to[0].to_usize().ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{change_first, count_after};

    fn count(change: impl FnOnce(&mut TypedModel)) -> usize {
        count_after(Rewrite::Attention, "Attention", change)
    }

    #[test]
    fn takes_every_attention_and_no_other_softmax() {
        assert_eq!(count(|_| {}), 2);
        assert_eq!(count(|graph| change_first(graph, |softmax: &mut Softmax| softmax.axes = tvec![2])), 1);
    }

    #[test]
    fn the_mask_may_come_first() {
        let swap = |graph: &mut TypedModel| {
            let softmax = graph.nodes().iter().find(|node| node.op_is::<Softmax>()).unwrap();
            let add = softmax.inputs[0].node;
            graph.nodes[add].inputs.swap(0, 1);
            for input in graph.nodes[add].inputs.clone() {
                let readers = &mut graph.nodes[input.node].outputs[input.slot].successors;
                readers.iter_mut().filter(|reader| reader.node == add).for_each(|reader| reader.slot = 1 - reader.slot);
            }
        };
        assert_eq!(count(swap), 2);
    }
}
