//! MatMulInteger: the product of matrices of 8-bit integers less their zero points, in 32 bits.
//!
//! [`LinearLayers`](crate::graph::fuse::linear::LinearLayers) replaces it for packed weights. It
//! computes the remaining products, and serves tests.

use tract_core::broadcast::multi_broadcast;
use tract_core::internal::*;

use super::Wiring;

pub fn wire(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [left, right] = node.inputs()?;
    let mut inputs = tvec!(left, right);
    for (index, operand) in [(2, left), (3, right)] {
        inputs.push(match node.optional(index) {
            Some(zero_point) => zero_point,
            None => {
                let zero = tensor0(0i32).cast_to_dt(node.datum_type(operand)?)?.into_owned();
                node.add_constant(zero)?
            }
        });
    }
    Ok(tvec!(node.wire(IntegerMatMul, &inputs)?))
}

/// The operator. Its first two inputs are tensors of int8 or uint8; their last two axes are the rows and columns of
/// matrices. The zero point of each follows: one number, or one for each row of the first and each column of the
/// second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegerMatMul;

impl Op for IntegerMatMul {
    fn name(&self) -> StaticName {
        "IntegerMatMul".into()
    }

    op_as_typed_op!();
}

impl EvalOp for IntegerMatMul {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (left, right) = (&inputs[0], &inputs[1]);
        let shape = product_shape(left.shape(), right.shape())?;
        let mut output = Tensor::zero::<i32>(&shape)?;
        let &[.., rows, columns] = &shape[..] else { bail!("an operand is no matrix: it has fewer than 2 axes") };
        let inner = right.shape()[right.rank() - 2];
        let [left_zero, right_zero] = [2, 3].map(|index| integers(&inputs[index]));
        let (left_zero, right_zero) = (left_zero?, right_zero?);
        ensure!(
            [1, rows].contains(&left_zero.len()),
            "the left operand has {} zero points and {rows} rows",
            left_zero.len()
        );
        ensure!(
            [1, columns].contains(&right_zero.len()),
            "the right operand has {} zero points and {columns} columns",
            right_zero.len()
        );
        let [left_starts, right_starts] =
            [left, right].map(|operand| matrix_starts(operand.shape(), &shape[..shape.len() - 2]));
        let (left, mut right) = (integers(left)?, integers(right)?);
        if output.len() == 0 || inner == 0 {
            return Ok(tvec!(output.into_tvalue()));
        }
        for row in right.chunks_exact_mut(columns) {
            row.iter_mut().enumerate().for_each(|(column, value)| *value -= right_zero[column % right_zero.len()]);
        }
        let mut plain = output.try_as_plain_ram_mut()?;
        let products = plain.as_slice_mut::<i32>()?.chunks_exact_mut(rows * columns);
        for ((product, left_start), right_start) in products.zip(left_starts).zip(right_starts) {
            let left = left[left_start..][..rows * inner].chunks_exact(inner);
            for (row, (values, sums)) in left.zip(product.chunks_exact_mut(columns)).enumerate() {
                let zero = left_zero[row % left_zero.len()];
                let matrix = right[right_start..][..inner * columns].chunks_exact(columns);
                for (value, weights) in values.iter().zip(matrix) {
                    let value = value - zero;
                    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum = sum.wrapping_add(value * weight));
                }
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for IntegerMatMul {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let &[left, right, left_zero, right_zero] = inputs else {
            bail!("the node has {} inputs instead of two operands and their zero points", inputs.len())
        };
        for (operand, zero_point) in [(left, left_zero), (right, right_zero)] {
            let datum_type = operand.datum_type;
            ensure!(
                [u8::datum_type(), i8::datum_type()].contains(&datum_type),
                "an operand has type {datum_type:?} instead of U8 or I8"
            );
            ensure!(
                zero_point.datum_type == datum_type,
                "a zero point has type {:?} instead of its operand's {datum_type:?}",
                zero_point.datum_type
            );
            ensure!(zero_point.rank() <= 1, "a zero point has {} axes instead of none or 1", zero_point.rank());
        }
        Ok(tvec!(i32::fact(product_shape(&left.shape, &right.shape)?)))
    }

    as_op!();
}

fn product_shape<D: DimLike>(left: &[D], right: &[D]) -> TractResult<TVec<D>> {
    let ([left_batch @ .., rows, left_inner], [right_batch @ .., right_inner, columns]) = (left, right) else {
        bail!("an operand is no matrix: it has fewer than 2 axes");
    };
    ensure!(
        left_inner.compatible_with(right_inner),
        "the left rows have {left_inner} numbers, but the right columns {right_inner}"
    );
    let mut shape = multi_broadcast(&[left_batch, right_batch])?;
    shape.extend([rows.clone(), columns.clone()]);
    Ok(shape)
}

fn integers(tensor: &Tensor) -> TractResult<Vec<i32>> {
    Ok(tensor.cast_to::<i32>()?.try_as_plain_ram()?.as_slice::<i32>()?.to_vec())
}

/// Start of the matrix in a tensor of this shape for each index into `batch`, to which the tensor's outer axes
/// broadcast.
fn matrix_starts(shape: &[usize], batch: &[usize]) -> Vec<usize> {
    let (outer, matrix) = shape.split_at(shape.len() - 2);
    let mut starts = vec![0];
    let mut stride = matrix.iter().product::<usize>();
    let missing = batch.len() - outer.len();
    // Each axis, from the last to the first, repeats the list so far for all of its indices.
    for (axis, &size) in batch.iter().enumerate().rev() {
        let own = if axis < missing { 1 } else { outer[axis - missing] };
        let step = if own == 1 { 0 } else { stride };
        starts = (0..size).flat_map(|index| starts.iter().map(move |start| start + index * step)).collect();
        stride *= own;
    }
    starts
}
