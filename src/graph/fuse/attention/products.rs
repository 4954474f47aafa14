//! The two products of attention, and the tensors that become their operands.

use tract_core::internal::*;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::einsum::EinSum;

use super::rotary::{Rotary, rotary};
use crate::graph::fuse::letters::{Letters, source};

/// The letters of a product's axes: of both operands and of the output. An axis of length 1 that only one tensor has
/// gets none.
pub struct ProductLetters {
    pub operands: [TVec<Option<char>>; 2],
    pub output: TVec<Option<char>>,
}

/// The letters that there are.
pub fn all(letters: &[Option<char>]) -> TVec<char> {
    letters.iter().copied().flatten().collect()
}

/// The letters of a product of floats.
pub fn product_letters(model: &TypedModel, node: &TypedNode) -> TractResult<Option<ProductLetters>> {
    rule_if_some!(product = node.op_as::<EinSum>());
    rule_if!(
        product.q_params.is_none()
            && node.inputs.len() == 2
            && model.outlet_fact(node.inputs[0])?.datum_type == f32::datum_type()
    );
    let of_slot = |slot: InOut, shape: &[TDim]| -> Option<TVec<Option<char>>> {
        let axes = product.axes.axes(slot).zip(shape);
        let letters: TVec<Option<char>> = axes
            .map(|(axis, size)| {
                let places: usize = axis.inputs.iter().chain(&axis.outputs).map(|places| places.len()).sum();
                (places > 1 || !size.is_one()).then_some(axis.repr)
            })
            .collect();
        (all(&letters).len() == 4).then_some(letters)
    };
    let shape = |outlet: OutletId| model.outlet_fact(outlet).map(|fact| fact.shape.to_tvec());
    rule_if_some!(left = of_slot(InOut::In(0), &shape(node.inputs[0])?));
    rule_if_some!(right = of_slot(InOut::In(1), &shape(node.inputs[1])?));
    rule_if_some!(output = of_slot(InOut::Out(0), &node.outputs[0].fact.shape.to_tvec()));
    Ok(Some(ProductLetters { operands: [left, right], output }))
}

/// The size of the axis that has this letter in an operand of a product.
pub fn size_of(
    model: &TypedModel,
    product: &TypedNode,
    index: usize,
    letters: &[Option<char>],
    letter: char,
) -> TractResult<TDim> {
    let axis = letters.iter().position(|it| *it == Some(letter)).context("the operand has no such axis")?;
    Ok(model.outlet_fact(product.inputs[index])?.shape[axis].clone())
}

/// An operand of a product.
pub struct Operand {
    /// Batch × sequence × hidden size.
    pub tensor: OutletId,
    /// Factor of all its numbers.
    pub factor: f32,
    pub rotary: Option<Rotary>,
}

/// The tensor that becomes an operand of a product. `order` has the letters of batch, sequence, head and channel.
pub fn operand(
    model: &TypedModel,
    product: &TypedNode,
    index: usize,
    letters: &[Option<char>],
    [batch, sequence, head, channel]: [char; 4],
) -> Option<Operand> {
    let outlet = product.inputs[index];
    let letters = Letters::new(letters, &model.outlet_fact(outlet).ok()?.shape.to_tvec());
    let mut found = None;
    let mut unrotated = |outlet: OutletId, letters: &Letters| {
        if found.is_some() {
            return None;
        }
        let (input, rotary) = rotary(model, outlet, letters, [batch, sequence, head, channel])?;
        found = Some(rotary);
        Some(input)
    };
    let wanted: [&[char]; 3] = [&[batch], &[sequence], &[head, channel]];
    let (tensor, factor) = source(model, outlet, letters, &wanted, &mut unrotated)?;
    Some(Operand { tensor, factor, rotary: found })
}

/// The product of queries and keys that a softmax reads as scores.
pub struct ScoreProduct {
    pub queries: Operand,
    pub keys: Operand,
    /// Channels of a head.
    pub channels: TDim,
    /// The letters of the axes at the softmax, and which are those of batch, head, row and key.
    pub letters: Letters,
    pub names: [char; 4],
}

impl ScoreProduct {
    /// `changes` are those of the axes between the product and the softmax, which is along `axis`.
    pub fn new(model: &TypedModel, product: &TypedNode, changes: &[AxisOp], axis: usize) -> TractResult<Option<Self>> {
        rule_if_some!(ProductLetters { operands, output } = product_letters(model, product)?);
        let computed = Letters::new(&output, &product.outputs[0].fact.shape.to_tvec());
        rule_if_some!(letters = changes.iter().try_fold(computed, |letters, change| letters.below(change)));
        rule_if_some!(output = letters.single());
        let key = output[axis];
        // The product may name its operands in either order.
        let (queries_index, keys_index) = if operands[0].contains(&Some(key)) { (1, 0) } else { (0, 1) };
        rule_if_some!(row = output.iter().copied().find(|it| *it != key && !operands[keys_index].contains(&Some(*it))));
        rule_if_some!(channel = all(&operands[queries_index]).into_iter().find(|letter| !output.contains(letter)));
        let outer: TVec<char> = output.iter().copied().filter(|letter| ![key, row].contains(letter)).collect();
        let &[one, other] = &outer[..] else { return Ok(None) };
        let channels = size_of(model, product, queries_index, &operands[queries_index], channel)?;
        for [batch, head] in [[one, other], [other, one]] {
            let side =
                |index: usize, row: char| operand(model, product, index, &operands[index], [batch, row, head, channel]);
            if let Some((queries, keys)) = side(queries_index, row).zip(side(keys_index, key)) {
                let names = [batch, head, row, key];
                return Ok(Some(Self { queries, keys, channels, letters, names }));
            }
        }
        Ok(None)
    }

    /// The axes of batch, head, row and key at the softmax.
    pub fn order(&self) -> [usize; 4] {
        self.names.map(|letter| self.letters.axis_of(letter).unwrap_or(0))
    }
}
