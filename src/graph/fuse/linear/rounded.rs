//! Finds linear layers with weights that the file rounds each time it runs.
//!
//! A quantiser that sees a shared weight behind an Identity, as TorchScript writes ALBERT's, takes it for activations. The
//! rewrite rounds the weight once, in the same way.

use tract_core::internal::*;

use super::quantized::layer;
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::product::rounded_operands;
use crate::graph::fuse::rounded_matrix::RoundedMatrix;
use crate::graph::fuse::weights::Weights;
use crate::graph::import::operators::IntegerMatMul;

/// Matches from the IntegerMatMul on.
pub fn fuse(
    weights: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    _: &IntegerMatMul,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if_some!(([rows, matrix], scaled) = rounded_operands(model, node));
    rule_if_some!(constant = constant(model, matrix));
    rule_if_some!(matrix = weights.rounded(&constant));
    let (last, bias) = with_added_row(model, scaled, matrix.packed.columns());
    let zero_point = tensor0(matrix.zero_point);
    rule_if_some!(layer = layer(&matrix.packed, &[matrix.scale], RoundedMatrix::ZERO, &zero_point, &bias));
    replaced(model, name, layer, &[rows], last)
}
