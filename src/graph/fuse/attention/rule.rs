//! The rewrite that finds attention around its softmax.

use tract_core::internal::*;
use tract_core::ops::math::add;
use tract_core::ops::nn::{Softmax, SoftmaxKind};

use super::addends::{Addend, MOST_NODES, scores_of, weights_of};
use super::by_distance::spread;
use super::disentangled::{positions_in, take_positions};
use super::inputs::FurtherInputs;
use super::operator::Attention;
use super::places::Axes;
use super::products::{ProductLetters, ScoreProduct, all, operand, product_letters, size_of};
use super::sums::apart;
use super::window::take_window;
use crate::graph::fuse::letters::{Letters, destination};
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;

/// The values that the weights are multiplied with, channels of a head in them, and the node that outputs batch ×
/// sequence × hidden size. `order` has the axes of batch, head, row and key of the weights.
fn weighted_values<'model>(
    model: &'model TypedModel,
    weights: &TypedNode,
    order: [usize; 4],
) -> TractResult<Option<(OutletId, TDim, &'model TypedNode)>> {
    rule_if_some!(context = only_reader(model, weights));
    rule_if_some!(ProductLetters { operands, output } = product_letters(model, context)?);
    let weighted = usize::from(context.inputs[0] != OutletId::from(weights.id));
    rule_if!(context.inputs[weighted] == OutletId::from(weights.id) && operands[weighted].len() == 4);
    let [Some(batch), Some(head), Some(row), Some(key)] = order.map(|axis| operands[weighted][axis]) else {
        return Ok(None);
    };
    let index = 1 - weighted;
    rule_if_some!(channel = all(&operands[index]).into_iter().find(|letter| ![batch, head, key].contains(letter)));
    rule_if!(output.contains(&Some(channel)) && !output.contains(&Some(key)));
    rule_if_some!(values = operand(model, context, index, &operands[index], [batch, key, head, channel]));
    rule_if!(values.factor == 1.0 && values.rotary.is_none());
    let channels = size_of(model, context, index, &operands[index], channel)?;
    let written = Letters::new(&output, &context.outputs[0].fact.shape.to_tvec());
    rule_if_some!(merged = destination(model, context, written, &[&[batch], &[row], &[head, channel]]));
    Ok(Some((values.tensor, channels, merged)))
}

/// Attention around a softmax.
struct AroundSoftmax<'model> {
    product: ScoreProduct,
    /// Factor of the product.
    scale: f32,
    addends: TVec<Addend>,
    /// The axes of batch, head, row and key at the softmax.
    order: [usize; 4],
    values: OutletId,
    /// Its output is the context: batch × sequence × hidden size.
    merged: &'model TypedNode,
    heads: usize,
    batch: TDim,
    sequence: TDim,
}

impl<'model> AroundSoftmax<'model> {
    fn new(model: &'model TypedModel, node: &TypedNode, softmax: &Softmax) -> TractResult<Option<Self>> {
        rule_if!(softmax.axes.len() == 1 && softmax.quant_output_dt.is_none());
        rule_if!(matches!(softmax.kind, SoftmaxKind::Softmax));
        let mut addends = TVec::new();
        let mut budget = MOST_NODES;
        rule_if_some!((scores, scale, changes) = scores_of(model, node.inputs[0], &tvec![], &mut addends, &mut budget));
        rule_if_some!(product = ScoreProduct::new(model, scores, &changes, softmax.axes[0])?);
        let order = product.order();
        let weights = weights_of(model, node, &addends);
        let addends = apart(model, addends, order);
        rule_if_some!((values, channels, merged) = weighted_values(model, weights, order)?);
        rule_if!(product.queries.rotary == product.keys.rotary);

        let shape = |outlet: OutletId| model.outlet_fact(outlet).map(|fact| fact.shape.to_tvec());
        let scored = shape(node.inputs[0])?;
        rule_if_some!(heads = scored[order[1]].as_i64().and_then(|heads| usize::try_from(heads).ok()));
        let keys = shape(product.keys.tensor)?;
        rule_if!(
            [values, product.queries.tensor, merged.id.into()]
                .into_iter()
                .all(|it| shape(it).is_ok_and(|it| it == keys))
        );
        // An operand with one head for all would have longer vectors.
        rule_if!([&product.channels, &channels].into_iter().all(|channels| channels.clone() * heads == keys[2]));
        let [first, _, rows, length] = order.map(|axis| scored[axis].clone());
        rule_if!([&first, &rows, &length] == [&keys[0], &keys[1], &keys[1]]);
        let scale = scale * product.queries.factor * product.keys.factor;
        let (batch, sequence) = (keys[0].clone(), keys[1].clone());
        Ok(Some(Self { product, scale, addends, order, values, merged, heads, batch, sequence }))
    }

    fn axes(&self) -> Axes {
        Axes { query: self.order[2], key: self.order[3] }
    }
}

/// Replaces what attention adds to the scores by numbers for each distance, where it follows from the distance.
pub fn spread_distances(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    _: &str,
    softmax: &Softmax,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if_some!(found = AroundSoftmax::new(model, node, softmax)?);
    let mut candidates = positions_in(model, &found.addends, &found.product, found.heads)?;
    let biases = found.addends.iter().filter(|addend| addend.only_where.is_none());
    candidates.extend(biases.filter_map(|addend| Some((addend.value, addend.axes(found.axes())?))));
    for (outlet, axes) in candidates {
        if let Some(patch) = spread(model, outlet, axes, &found.sequence)? {
            return Ok(Some(patch));
        }
    }
    Ok(None)
}

/// Matches around the Softmax.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    softmax: &Softmax,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if_some!(found = AroundSoftmax::new(model, node, softmax)?);
    let ScoreProduct { queries, keys, channels, .. } = &found.product;
    let (batch, sequence, heads) = (&found.batch, &found.sequence, found.heads);
    let mut patch = TypedModelPatch::default();
    let mut taps = patch.taps(model, &[queries.tensor, keys.tensor, found.values])?;
    if let Some(rotary) = queries.rotary {
        rule_if_some!(tables = rotary.wire(model, &mut patch, name, [batch, sequence, channels])?);
        taps.extend(tables);
    }
    let (window, addends) = take_window(model, found.addends.clone(), found.axes(), sequence);
    let (positions, positions_by_distance, addends) =
        take_positions(model, &mut patch, name, addends, &found.product, heads)?;
    rule_if_some!((masks, biases) = wire_addends(model, &mut patch, name, &addends, &found)?);
    let further = FurtherInputs {
        rotary: queries.rotary.is_some(),
        mask: !masks.is_empty(),
        bias: !biases.is_empty(),
        of_queries: positions.of_queries.is_some(),
        of_keys: positions.of_keys.is_some(),
    };
    for (kind, outlets) in [("mask", masks), ("bias", biases)] {
        let Some((&first, others)) = outlets.split_first() else { continue };
        let mut sum = first;
        for (index, &other) in others.iter().enumerate() {
            sum = patch.wire_node(format!("{name}.{kind}.{index}"), add(), &[sum, other])?[0];
        }
        taps.push(sum);
    }
    taps.extend(positions_by_distance);
    let output = patch.wire_node(name, Attention { heads, scale: found.scale, further, positions, window }, &taps)?;
    patch.shunt_outside(model, found.merged.id.into(), output[0])?;
    Ok(Some(patch))
}

/// Wires what is added to the scores: masks, with one number for each key, and biases. If all biases are spread from
/// numbers by distance, these are wired. `None` if one has another shape.
fn wire_addends(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    name: &str,
    addends: &[Addend],
    found: &AroundSoftmax<'_>,
) -> TractResult<Option<(TVec<OutletId>, TVec<OutletId>)>> {
    let AroundSoftmax { order, batch, sequence, .. } = found;
    let heads = found.heads.to_dim();
    let (mut masks, mut biases, mut by_distance) = (tvec![], tvec![], tvec![]);
    for (index, addend) in addends.iter().enumerate() {
        rule_if_some!(outlet = addend.wire(model, patch, &format!("{name}.addend.{index}"), order)?);
        let shape = patch.outlet_fact(outlet)?.shape.to_tvec();
        let fits = |size: &TDim, whole: &TDim| size.is_one() || size == whole;
        rule_if!(shape.len() == 4 && fits(&shape[1], &heads) && fits(&shape[2], sequence));
        rule_if!(shape[3] == *sequence && fits(&shape[0], batch));
        if shape[0] == *batch && shape[1].is_one() && shape[2].is_one() {
            masks.push(outlet);
            continue;
        }
        biases.push(outlet);
        if let Some(addend) = addend.by_distance(model, found.axes()) {
            by_distance.extend(addend.wire(model, patch, &format!("{name}.distances.{index}"), order)?);
        }
    }
    let all_by_distance = by_distance.len() == biases.len();
    Ok(Some((masks, if all_by_distance { by_distance } else { biases })))
}

#[cfg(test)]
mod tests {
    use tract_core::ops::array::TypedConcat;
    use tract_core::ops::math::Neg;

    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{MODERNBERT, change_first, count_after, count_in};

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

    #[test]
    fn queries_and_keys_turn_by_the_same_angles() {
        let count = |change: fn(&mut TypedModel)| count_in(MODERNBERT, Rewrite::Attention, "Attention", change);
        assert_eq!(count(|_| {}), 3);
        let other_angles = |graph: &mut TypedModel| {
            let joined = graph
                .nodes()
                .iter()
                .find(|node| node.op_is::<TypedConcat>() && is_function::<Neg>(producer(graph, node.inputs[0])));
            let joined = joined.unwrap();
            let halves_of = producer(graph, joined.inputs[1]).inputs[0];
            let turned = only_reader(graph, joined).unwrap();
            let sines = other_input(turned, joined.id.into()).unwrap();
            let sum = only_reader(graph, turned).unwrap();
            let plain = producer(graph, other_input(sum, turned.id.into()).unwrap());
            let cosines = plain.inputs.iter().position(|&input| input != halves_of).unwrap();
            let place = InletId::new(plain.id, cosines);
            graph.add_edge(sines, place).unwrap();
        };
        assert_eq!(count(other_angles), 2);
    }
}
