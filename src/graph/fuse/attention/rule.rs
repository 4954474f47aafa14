//! The rewrite that finds attention around its softmax.

use tract_core::internal::*;
use tract_core::ops::math::add;
use tract_core::ops::nn::{Softmax, SoftmaxKind};

use super::addends::{MOST_NODES, scores_of, without_nan_guard};
use super::inputs::FurtherInputs;
use super::operator::Attention;
use super::products::{ProductLetters, all, letters, operand, size_of};
use super::sums::apart;
use super::window::{Axes, take_window};
use crate::graph::fuse::letters::{Letters, destination};
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;

/// Matches around the Softmax.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    softmax: &Softmax,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(softmax.axes.len() == 1 && softmax.quant_output_dt.is_none());
    rule_if!(matches!(softmax.kind, SoftmaxKind::Softmax));
    let mut found = TVec::new();
    let mut budget = MOST_NODES;
    rule_if_some!((scores, mut scale, changes) = scores_of(model, node.inputs[0], &tvec![], &mut found, &mut budget));
    let weights = without_nan_guard(model, node);
    rule_if_some!(context = only_reader(model, weights));
    rule_if_some!(ProductLetters { operands, output } = letters(model, scores)?);
    let computed = Letters::new(&output, &scores.outputs[0].fact.shape.to_tvec());
    rule_if_some!(output = changes.iter().try_fold(computed, |letters, change| letters.below(change)));
    rule_if_some!(output = output.single());
    let key = output[softmax.axes[0]];
    // The product may name its operands in either order.
    let (queries_index, keys_index) = if operands[0].contains(&Some(key)) { (1, 0) } else { (0, 1) };
    rule_if_some!(row = output.iter().copied().find(|it| *it != key && !operands[keys_index].contains(&Some(*it))));
    rule_if_some!(channel = all(&operands[queries_index]).into_iter().find(|letter| !output.contains(letter)));
    let outer: TVec<char> = output.iter().copied().filter(|letter| ![key, row].contains(letter)).collect();
    let &[one, other] = &outer[..] else { return Ok(None) };
    let inputs = |batch: char, head: char| {
        let queries = operand(model, scores, queries_index, &operands[queries_index], [batch, row, head, channel])?;
        let keys = operand(model, scores, keys_index, &operands[keys_index], [batch, key, head, channel])?;
        Some((batch, head, queries, keys))
    };
    rule_if_some!((batch, head, queries, keys) = inputs(one, other).or_else(|| inputs(other, one)));
    scale *= queries.factor * keys.factor;
    rule_if!(queries.rotary == keys.rotary);
    let (rotary, queries, keys) = (queries.rotary, queries.tensor, keys.tensor);
    let mut channels: TVec<TDim> = tvec![size_of(model, scores, queries_index, &operands[queries_index], channel)?];
    let order = [batch, head, row, key].map(|letter| output.iter().position(|it| *it == letter).unwrap_or(0));

    rule_if_some!(ProductLetters { operands, output } = letters(model, context)?);
    let weighted = usize::from(context.inputs[0] != OutletId::from(weights.id));
    rule_if!(context.inputs[weighted] == OutletId::from(weights.id) && operands[weighted].len() == 4);
    let [Some(batch), Some(head), Some(row), Some(key)] = order.map(|axis| operands[weighted][axis]) else {
        return Ok(None);
    };
    let values_index = 1 - weighted;
    rule_if_some!(
        channel = all(&operands[values_index]).into_iter().find(|letter| ![batch, head, key].contains(letter))
    );
    rule_if!(output.contains(&Some(channel)) && !output.contains(&Some(key)));
    rule_if_some!(values = operand(model, context, values_index, &operands[values_index], [batch, key, head, channel]));
    rule_if!(values.factor == 1.0 && values.rotary.is_none());
    let values = values.tensor;
    channels.push(size_of(model, context, values_index, &operands[values_index], channel)?);
    let written = Letters::new(&output, &context.outputs[0].fact.shape.to_tvec());
    rule_if_some!(merged = destination(model, context, written, &[&[batch], &[row], &[head, channel]]));

    let shape = |outlet: OutletId| model.outlet_fact(outlet).map(|fact| fact.shape.to_tvec());
    let scored = shape(node.inputs[0])?;
    rule_if_some!(heads = scored[order[1]].as_i64().and_then(|heads| usize::try_from(heads).ok()));
    let keys_shape = shape(keys)?;
    rule_if!(shape(values)? == keys_shape && shape(queries)? == keys_shape);
    // An operand with one head for all would have longer vectors.
    rule_if!(channels.iter().all(|channels| channels.clone() * heads == keys_shape[2]));
    let [first, _, rows, length] = order.map(|axis| scored[axis].clone());
    rule_if!([&first, &rows, &length] == [&keys_shape[0], &keys_shape[1], &keys_shape[1]]);
    rule_if!(shape(merged.id.into())? == keys_shape);
    let (batch, sequence) = (&keys_shape[0], &keys_shape[1]);

    let mut patch = TypedModelPatch::default();
    let mut taps = patch.taps(model, &[queries, keys, values])?;
    if let Some(rotary) = rotary {
        rule_if_some!(tables = rotary.wire(model, &mut patch, name, [batch, sequence, &channels[0]])?);
        taps.extend(tables);
    }
    let found = apart(model, found, [order[1], order[2]]);
    let (window, found) = take_window(model, found, Axes { query: order[2], key: order[3] }, sequence);
    let (mut masks, mut biases) = (TVec::new(), TVec::new());
    for (index, addend) in found.iter().enumerate() {
        rule_if_some!(outlet = addend.wire(model, &mut patch, &format!("{name}.addend.{index}"), &order)?);
        let shape = patch.outlet_fact(outlet)?.shape.to_tvec();
        let fits = |size: &TDim, whole: &TDim| *size == 1.to_dim() || size == whole;
        rule_if!(shape.len() == 4 && fits(&shape[1], &heads.to_dim()) && fits(&shape[2], sequence));
        rule_if!(shape[3] == *sequence && fits(&shape[0], batch));
        let is_mask = shape[0] == *batch && shape[1] == 1.to_dim() && shape[2] == 1.to_dim();
        if is_mask { masks.push(outlet) } else { biases.push(outlet) }
    }
    let further = FurtherInputs { rotary: rotary.is_some(), mask: !masks.is_empty(), bias: !biases.is_empty() };
    for (kind, outlets) in [("mask", masks), ("bias", biases)] {
        let Some((&first, others)) = outlets.split_first() else { continue };
        let mut sum = first;
        for (index, &other) in others.iter().enumerate() {
            sum = patch.wire_node(format!("{name}.{kind}.{index}"), add(), &[sum, other])?[0];
        }
        taps.push(sum);
    }
    let output = patch.wire_node(name, Attention { heads, scale, further, window }, &taps)?;
    patch.shunt_outside(model, merged.id.into(), output[0])?;
    Ok(Some(patch))
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
