//! Scaled dot-product attention over all heads, without transposed copies.
//!
//! In the graph this is Reshape of query, key and value into heads, EinSum, Add of the mask, Softmax, EinSum, Reshape
//! back. Exporters differ in where they scale: the queries, the keys, both, or the scores. Some expand the mask to a
//! row for each query.

use tract_core::internal::*;
use tract_core::ops::change_axes::{AxisOp, perm_to_ops};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::logic::Iff;
use tract_core::ops::math::{Add, IsNan, add};
use tract_core::ops::nn::{Softmax, SoftmaxKind};

use super::broadcast::without_broadcasts;
use super::letters::{Letters, destination, factor, source};
use super::pattern::*;
use super::rows::{floats, plain};
use super::weights::Weights;
use crate::kernels::attention::{AttentionScratch, Bias, Inputs, Rows, attention};
use crate::threads;

/// Fewer queries are not worth another thread, which would prepare the keys and values again.
const QUERIES_OF_A_PART: usize = 32;

/// Most nodes between a softmax and the product that it reads.
const MOST_NODES: usize = 64;

/// A number that hides a key, whether it is added to a score or takes its place: e^x of it is 0 beside any score.
const HIDDEN: f32 = -1e4;

/// The fused operator. Inputs: queries (batch × rows × hidden, or batch × hidden for the first row), keys and values
/// (batch × sequence × hidden), and [`Addends`]. Output: context, with the queries' shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    pub heads: usize,
    /// Factor of the scores.
    pub scale: f32,
    pub addends: Addends,
}

/// The further inputs of attention, which are added to the scores, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addends {
    /// One number for each key: batch × 1 × 1 × sequence.
    pub mask: bool,
    /// One number for each query and key: batch × heads × rows × sequence. Any of the first three sizes may be 1.
    pub bias: bool,
}

/// The addends of one sequence.
#[derive(Debug, Clone, Copy)]
pub struct Added<'a> {
    pub mask: Option<&'a [f32]>,
    pub bias: Option<Bias<'a>>,
}

impl Addends {
    fn count(self) -> usize {
        usize::from(self.mask) + usize::from(self.bias)
    }

    /// The addends of each of `batch` sequences of `length` keys. `inputs` are the further inputs, as tensors and as
    /// numbers; `most` are the heads and queries that read them.
    pub fn of_sequences<'a>(
        self,
        inputs: &[TValue],
        numbers: &[&'a [f32]],
        batch: usize,
        length: usize,
        most: [usize; 2],
    ) -> TractResult<Vec<Added<'a>>> {
        ensure!(
            inputs.len() == self.count() && numbers.len() == self.count(),
            "attention has {} addends; {} were expected",
            inputs.len(),
            self.count()
        );
        let mask = self.mask.then(|| numbers[0]);
        if let Some(mask) = mask {
            let expected = batch * length;
            ensure!(mask.len() == expected, "the mask has {} numbers; {batch} × {length} were expected", mask.len());
        }
        let bias = if self.bias {
            let (&[sequences, heads, rows, keys], &values) =
                (inputs[inputs.len() - 1].shape(), &numbers[numbers.len() - 1])
            else {
                bail!(
                    "the bias has shape {:?}; batch × heads × rows × keys was expected",
                    inputs[inputs.len() - 1].shape()
                )
            };
            let [most_heads, most_rows] = most;
            ensure!(
                keys == length
                    && [1, batch].contains(&sequences)
                    && [1, most_heads].contains(&heads)
                    && (rows == 1 || rows >= most_rows),
                "the bias has shape {:?}; {batch} × {most_heads} × {most_rows} × {length} was expected",
                inputs[inputs.len() - 1].shape()
            );
            let (head, sequence) = (rows * keys, heads * rows * keys);
            Some((
                if sequences == 1 { 0 } else { sequence },
                Bias {
                    values,
                    head_stride: if heads == 1 { 0 } else { head },
                    row_stride: if rows == 1 { 0 } else { keys },
                },
            ))
        } else {
            None
        };
        let of_sequence = |sequence: usize| Added {
            mask: mask.map(|mask| &mask[sequence * length..][..length]),
            bias: bias.map(|(stride, bias)| Bias { values: &bias.values[sequence * stride..], ..bias }),
        };
        Ok((0..batch).map(of_sequence).collect())
    }
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
        let &[queries, keys, values, ref addends @ ..] = &floats(&views)?[..] else {
            bail!("attention has {} inputs; it needs at least 3", inputs.len())
        };
        let rows = queries.len() / (batch * hidden);
        let addends = self.addends.of_sequences(&inputs[3..], addends, batch, sequence, [self.heads, rows])?;
        let mut plain = output.try_as_plain_ram_mut()?;
        let part_rows = rows.div_ceil(threads::parts(rows, QUERIES_OF_A_PART)).next_multiple_of(4);
        let mut parts = Vec::new();
        for (index, context) in plain.as_slice_mut::<f32>()?.chunks_exact_mut(rows * hidden).enumerate() {
            let part = |values: &'_ [f32], count: usize| -> std::ops::Range<usize> {
                debug_assert!(values.len() >= (index + 1) * count * hidden);
                index * count * hidden..(index + 1) * count * hidden
            };
            let queries = queries[part(queries, rows)].chunks(part_rows * hidden);
            let Added { mask, bias } = addends[index];
            let places = (0..).step_by(part_rows);
            for ((queries, context), first) in queries.zip(context.chunks_mut(part_rows * hidden)).zip(places) {
                let inputs = Inputs {
                    queries: Rows { values: queries, count: queries.len() / hidden, stride: hidden },
                    keys: Rows { values: &keys[part(keys, sequence)], count: sequence, stride: hidden },
                    values: Rows { values: &values[part(values, sequence)], count: sequence, stride: hidden },
                    mask,
                    bias: bias.map(|bias| bias.starting_at(0, first)),
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
            inputs.len() == 3 + self.addends.count() && inputs[1].shape == inputs[2].shape,
            "attention has {} inputs; keys and values need one shape, and each addend an input",
            inputs.len()
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
    rule_if!(softmax.axes.len() == 1 && softmax.quant_output_dt.is_none());
    rule_if!(matches!(softmax.kind, SoftmaxKind::Softmax));
    let mut found = TVec::new();
    let mut budget = MOST_NODES;
    rule_if_some!((scores, mut scale, changes) = scores_of(model, node.inputs[0], &tvec![], &mut found, &mut budget));
    let weights = without_nan_guard(model, node);
    rule_if_some!(context = only_reader(model, weights));
    rule_if_some!([left, right, output] = letters(model, scores)?);
    let computed = Letters::new(&output, &scores.outputs[0].fact.shape.to_tvec());
    rule_if_some!(output = changes.iter().try_fold(computed, |letters, change| letters.below(change)));
    rule_if_some!(output = output.single());
    let key = output[softmax.axes[0]];
    // The product may name its operands in either order.
    let (queries_index, keys_index) = if left.contains(&key) { (1, 0) } else { (0, 1) };
    let operands = [left, right];
    rule_if_some!(row = output.iter().copied().find(|letter| *letter != key && !operands[keys_index].contains(letter)));
    rule_if_some!(channel = operands[queries_index].iter().copied().find(|letter| !output.contains(letter)));
    let outer: TVec<char> = output.iter().copied().filter(|letter| ![key, row].contains(letter)).collect();
    let &[one, other] = &outer[..] else { return Ok(None) };
    let inputs = |batch: char, head: char| {
        let queries = operand(model, scores, queries_index, &operands[queries_index], [batch, row, head, channel])?;
        let keys = operand(model, scores, keys_index, &operands[keys_index], [batch, key, head, channel])?;
        Some((batch, head, queries, keys))
    };
    rule_if_some!(
        (batch, head, (queries, query_factor), (keys, key_factor)) = inputs(one, other).or_else(|| inputs(other, one))
    );
    scale *= query_factor * key_factor;
    let mut channels: TVec<TDim> = tvec![size_of(model, scores, queries_index, &operands[queries_index], channel)?];
    let order = [batch, head, row, key].map(|letter| output.iter().position(|it| *it == letter).unwrap_or(0));

    rule_if_some!([left, right, output] = letters(model, context)?);
    let weighted = usize::from(context.inputs[0] != OutletId::from(weights.id));
    rule_if!(context.inputs[weighted] == OutletId::from(weights.id));
    let operands = [left, right];
    let [batch, head, row, key] = order.map(|axis| operands[weighted][axis]);
    let values_index = 1 - weighted;
    rule_if_some!(channel = operands[values_index].iter().copied().find(|letter| ![batch, head, key].contains(letter)));
    rule_if!(output.contains(&channel) && !output.contains(&key));
    rule_if_some!(
        (values, value_factor) =
            operand(model, context, values_index, &operands[values_index], [batch, key, head, channel])
    );
    rule_if!(value_factor == 1.0);
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
    let addends = Addends { mask: !masks.is_empty(), bias: !biases.is_empty() };
    for (kind, outlets) in [("mask", masks), ("bias", biases)] {
        let Some((&first, others)) = outlets.split_first() else { continue };
        let mut sum = first;
        for (index, &other) in others.iter().enumerate() {
            sum = patch.wire_node(format!("{name}.{kind}.{index}"), add(), &[sum, other])?[0];
        }
        taps.push(sum);
    }
    let output = patch.wire_node(name, Attention { heads, scale, addends }, &taps)?;
    patch.shunt_outside(model, merged.id.into(), output[0])?;
    Ok(Some(patch))
}

/// A tensor that is added to the scores, before these changes of axes.
struct Addend {
    value: OutletId,
    /// Adds the value only where this is true or false; 0 elsewhere. Some exporters choose between the scores and the
    /// lowest float. Added to a score, that float hides the key, too.
    only_where: Option<(OutletId, bool)>,
    changes: TVec<AxisOp>,
}

impl Addend {
    /// Wires the tensor as it is added at last, with its axes in this order; `None` if the changes do not fit it.
    fn wire(
        &self,
        model: &TypedModel,
        patch: &mut TypedModelPatch,
        name: &str,
        order: &[usize],
    ) -> TractResult<Option<OutletId>> {
        let mut outlet = if let Some((condition, when)) = self.only_where {
            let value = patch.tap_model(model, self.value)?;
            let zero = tensor0(0f32).broadcast_into_rank(model.outlet_fact(condition)?.rank())?;
            let zero = patch.add_const(format!("{name}.zero"), zero)?;
            let condition = patch.tap_model(model, condition)?;
            let (yes, no) = if when { (value, zero) } else { (zero, value) };
            patch.wire_node(format!("{name}.chosen"), Iff, &[condition, yes, no])?[0]
        } else {
            patch.tap_model(model, self.value)?
        };
        for (index, change) in self.changes.iter().cloned().chain(perm_to_ops(order)).enumerate() {
            let Ok(wires) = patch.wire_node(format!("{name}.{index}"), change, &[outlet]) else {
                return Ok(None);
            };
            outlet = wires[0];
        }
        Ok(Some(outlet))
    }
}

/// The product of queries and keys whose scores are `outlet`, its factor, and the changes of axes below it. `below` are
/// those below `outlet`, the uppermost first. Tensors that are added to the scaled product go to `addends`.
fn scores_of<'model>(
    model: &'model TypedModel,
    outlet: OutletId,
    below: &TVec<AxisOp>,
    addends: &mut TVec<Addend>,
    budget: &mut usize,
) -> Option<(&'model TypedNode, f32, TVec<AxisOp>)> {
    *budget = budget.checked_sub(1)?;
    let node = producer(model, outlet);
    if let Some(change) = node.op_as::<AxisOp>() {
        let changes = [change].into_iter().chain(below).cloned().collect();
        return scores_of(model, node.inputs[0], &changes, addends, budget);
    }
    let mut through = |input: OutletId, addend: Addend| {
        let known = addends.len();
        let found = scores_of(model, input, below, addends, budget);
        if found.is_some() {
            addends.push(addend)
        } else {
            addends.truncate(known)
        }
        found
    };
    if is_binary::<Add>(node) {
        return node.inputs.iter().find_map(|&input| {
            let value = without_broadcasts(model, other_input(node, input)?);
            through(input, Addend { value, only_where: None, changes: below.clone() })
        });
    }
    if node.op_is::<Iff>() {
        let condition = without_broadcasts(model, node.inputs[0]);
        return [(1, 2), (2, 1)].into_iter().find_map(|(value, input)| {
            let (value, when) = (node.inputs[value], value == 1);
            scalar(&*constant(model, value)?).filter(|&value| value <= HIDDEN)?;
            through(node.inputs[input], Addend { value, only_where: Some((condition, when)), changes: below.clone() })
        });
    }
    if node.op_is::<EinSum>() {
        return Some((node, 1.0, below.clone()));
    }
    let (scaled, number) = factor(model, outlet)?;
    let mut scaled_too = tvec![];
    let (scores, scale, changes) = scores_of(model, scaled, below, &mut scaled_too, budget)?;
    scaled_too.is_empty().then_some((scores, scale * number, changes))
}

/// The node whose output is the softmax, or 0 where that is NaN because all keys of a row are hidden. The engine hides
/// no key of a text.
fn without_nan_guard<'model>(model: &'model TypedModel, softmax: &'model TypedNode) -> &'model TypedNode {
    let outlet = OutletId::from(softmax.id);
    let readers: TVec<&TypedNode> =
        model.outlet_successors(outlet).iter().map(|reader| model.node(reader.node)).collect();
    let guard = |test: &TypedNode, choice: &'model TypedNode| {
        let is_test = test.op_as::<ElementWiseOp>().is_some_and(|operation| operation.0.is::<IsNan>());
        let zero = choice.inputs.get(1).and_then(|&outlet| constant(model, outlet));
        is_test
            && choice.op_is::<Iff>()
            && choice.inputs[0] == OutletId::from(test.id)
            && choice.inputs[2] == outlet
            && zero.and_then(|zero| scalar(&zero)) == Some(0.0)
    };
    match readers[..] {
        [one, other] if guard(one, other) => other,
        [one, other] if guard(other, one) => one,
        _ => softmax,
    }
}

/// The letters of the axes of a product of floats: of both operands and of the output, four each.
fn letters(model: &TypedModel, node: &TypedNode) -> TractResult<Option<[[char; 4]; 3]>> {
    rule_if_some!(product = node.op_as::<EinSum>());
    rule_if!(
        product.q_params.is_none()
            && node.inputs.len() == 2
            && model.outlet_fact(node.inputs[0])?.datum_type == f32::datum_type()
    );
    let slots = [InOut::In(0), InOut::In(1), InOut::Out(0)];
    let mut all = [[' '; 4]; 3];
    for (letters, slot) in all.iter_mut().zip(slots) {
        let found: TVec<char> = product.axes.axes(slot).map(|axis| axis.repr).collect();
        rule_if!(found.len() == 4);
        letters.copy_from_slice(&found);
    }
    Ok(Some(all))
}

/// The size of the axis that has this letter in an operand of a product.
fn size_of(
    model: &TypedModel,
    product: &TypedNode,
    index: usize,
    letters: &[char; 4],
    letter: char,
) -> TractResult<TDim> {
    let axis = letters.iter().position(|it| *it == letter).context("the operand has no such axis")?;
    Ok(model.outlet_fact(product.inputs[index])?.shape[axis].clone())
}

/// The tensor (batch × sequence × hidden size) that becomes an operand of a product, and its factor. `order` has the
/// letters of batch, sequence, head and channel.
fn operand(
    model: &TypedModel,
    product: &TypedNode,
    index: usize,
    letters: &[char; 4],
    [batch, sequence, head, channel]: [char; 4],
) -> Option<(OutletId, f32)> {
    let outlet = product.inputs[index];
    let letters = Letters::new(letters, &model.outlet_fact(outlet).ok()?.shape.to_tvec());
    source(model, outlet, letters, &[&[batch], &[sequence], &[head, channel]])
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
