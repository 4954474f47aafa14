//! Products of float matrices.

use tract_core::internal::*;
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Add, Mul};

use super::arithmetic::binary;
use super::{Wire, Wiring};

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "MatMul" => matmul,
        "Gemm" => gemm,
        _ => return None,
    })
}

fn matmul(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [left, right] = node.inputs()?;
    let axes = matmul_axes(node.rank(left)?, node.rank(right)?)?;
    Ok(tvec!(product(node, axes, &[left, right])?))
}

/// A product of tensors of one type. tract compares the sizes of an axis only when the model runs.
pub fn product(node: &mut Wiring<'_>, axes: AxesMapping, inputs: &[OutletId]) -> TractResult<OutletId> {
    let shapes = inputs.iter().map(|&input| node.shape(input)).collect::<TractResult<TVec<_>>>()?;
    for axis in axes.iter_all_axes() {
        let sizes = shapes.iter().zip(&axis.inputs).flat_map(|(shape, places)| places.iter().map(|&it| &shape[it]));
        let known: TVec<i64> = sizes.filter_map(TDim::as_i64).filter(|&size| size != 1).collect();
        ensure!(known.windows(2).all(|pair| pair[0] == pair[1]), "an axis has the sizes {known:?}, which do not fit");
    }
    let operating_dt = node.datum_type(inputs[0])?;
    let types = inputs.iter().map(|&input| node.datum_type(input)).collect::<TractResult<TVec<_>>>()?;
    let sums = |axis: &Axis| axis.inputs.iter().all(|places| !places.is_empty()) && axis.outputs[0].is_empty();
    let can_sum = |it: &DatumType| it.is_float() || *it == i32::datum_type();
    // tract panics for a product of other types.
    ensure!(
        types.len() < 2 || !axes.iter_all_axes().any(sums) || types.iter().all(|it| can_sum(it) && *it == types[0]),
        "the operands have types {types:?}; a product of matrices needs two of one type, floats or I32"
    );
    node.wire(EinSum { axes, operating_dt, q_params: None }, inputs)
}

/// Names each axis of operands of these ranks by a letter: outer axes match from the last one on, and the contraction
/// is `k`.
pub fn matmul_axes(left_rank: usize, right_rank: usize) -> TractResult<AxesMapping> {
    ensure!(left_rank > 0 && right_rank > 0, "an operand is a scalar; it needs at least 1 axis");
    let outer = left_rank.max(right_rank).saturating_sub(2);
    ensure!(outer <= 8, "an operand has {} axes; the limit is 10", outer + 2);
    let letters = &"abcdefgh"[..outer];
    let batch = |rank: usize| &letters[outer - rank.saturating_sub(2)..];
    let row = if left_rank > 1 { "m" } else { "" };
    let column = if right_rank > 1 { "n" } else { "" };
    format!("{}{row}k,{}k{column}->{letters}{row}{column}", batch(left_rank), batch(right_rank)).parse()
}

/// α · A · B + β · C, where A and B may be transposed.
fn gemm(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [left, right] = node.inputs()?;
    ensure!(node.rank(left)? == 2 && node.rank(right)? == 2, "an operand is no matrix: it must have 2 axes");
    let left_axes = if node.flag("transA", false) { "km" } else { "mk" };
    let right_axes = if node.flag("transB", false) { "nk" } else { "kn" };
    let operating_dt = node.datum_type(left)?;
    let mut product = product(node, format!("{left_axes},{right_axes}->mn").parse()?, &[left, right])?;
    let alpha = node.float("alpha").unwrap_or(1.0);
    if alpha != 1.0 {
        let alpha = node.add_number(alpha, operating_dt, 2)?;
        product = binary(node, Box::new(Mul), product, alpha)?;
    }
    let beta = node.float("beta").unwrap_or(1.0);
    if let Some(mut bias) = node.optional(2).filter(|_| beta != 0.0) {
        if beta != 1.0 {
            let beta = node.add_number(beta, operating_dt, node.rank(bias)?)?;
            bias = binary(node, Box::new(Mul), bias, beta)?;
        }
        product = binary(node, Box::new(Add), product, bias)?;
    }
    Ok(tvec!(product))
}
