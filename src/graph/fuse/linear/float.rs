//! Finds linear layers on floats.
//!
//! In the graph this is an EinSum of rows and a constant matrix, then Add.

use tract_core::internal::*;
use tract_core::ops::einsum::EinSum;

use super::layers::Layers;
use super::operator::LinearLayers;
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;
use crate::kernels::float_linear::{FloatLinear, Floats, Order};

/// A tensor of floats that a layer shares with the graph.
#[derive(Debug)]
struct Shared(Arc<Tensor>);

impl Floats for Shared {
    fn numbers(&self) -> &[f32] {
        // The rule below has read the tensor in this form.
        self.0.view().as_slice::<f32>().unwrap_or(&[])
    }
}

/// Matches the product.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    product: &EinSum,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(product.q_params.is_none() && node.inputs.len() == 2);
    let constants = [0, 1].map(|index| constant(model, node.inputs[index]));
    let (matrix, index) = match constants {
        [Some(matrix), None] => (matrix, 0),
        // Rows may be constant, too. The layer's product then has the same bits on every processor; tract's would not.
        [_, Some(matrix)] => (matrix, 1),
        [None, None] => return Ok(None),
    };
    let rows = node.inputs[1 - index];
    let fact = model.outlet_fact(rows)?;
    rule_if!([fact.datum_type, matrix.datum_type()].iter().all(|kind| *kind == f32::datum_type()));
    rule_if_some!((sum, column) = sum_and_column(product, 1 - index));
    // Axes of length 1 may stand in front of the matrix.
    let all = axis_letters(product, InOut::In(index));
    let axes: TVec<char> = all
        .iter()
        .zip(matrix.shape())
        .filter(|(letter, size)| **size != 1 || [sum, column].contains(letter))
        .map(|(&letter, _)| letter)
        .collect();
    let order = match axes[..] {
        [first, second] if (first, second) == (sum, column) => Order::InputsFirst,
        [first, second] if (first, second) == (column, sum) => Order::OutputsFirst,
        _ => return Ok(None),
    };
    let size = |letter: char| all.iter().position(|it| *it == letter).map(|axis| matrix.shape()[axis]);
    rule_if_some!((inputs, outputs) = size(sum).zip(size(column)));
    rule_if!(inputs > 0 && outputs > 0 && fact.shape.last() == Some(&inputs.to_dim()));
    rule_if!(matrix.view().as_slice::<f32>().is_ok_and(|numbers| numbers.len() == inputs * outputs));

    let (last, bias) = with_added_row(model, node, outputs);
    let layer = FloatLinear::new(Arc::new(Shared(matrix)), order, inputs, bias);
    replaced(model, name, LinearLayers::new(Layers::Float(tvec![Arc::new(layer)])), &[rows], last)
}

/// The letters of two axes of a product of rows and a matrix. The product sums over the first, the last axis of the
/// operand `rows`. The second replaces it as the last axis of the output.
pub fn sum_and_column(product: &EinSum, rows: usize) -> Option<(char, char)> {
    let (own, output) = (axis_letters(product, InOut::In(rows)), axis_letters(product, InOut::Out(0)));
    let (&sum, outer) = own.split_last()?;
    let (&column, outer_output) = output.split_last()?;
    (outer == outer_output && !outer.contains(&sum) && !own.contains(&column)).then_some((sum, column))
}
