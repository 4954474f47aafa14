//! Rows of inputs and outputs, and work on them that threads share.

use tract_core::internal::*;

use crate::threads;

/// Fewer rows are not worth another thread, which reads all weights again.
pub const ROWS_OF_A_PART: usize = 24;

/// Computes rows of outputs. It receives rows and, for each of the outputs, the place of their results.
pub type Work<'a> = dyn Fn(&[&[f32]], &mut [&mut [&mut [f32]]]) + Sync + 'a;

/// The same for all rows at once.
pub type WorkTogether<'a> = dyn FnMut(&[&[f32]], &mut [Vec<&mut [f32]>]) + 'a;

/// Views of tensors in memory, for [`floats`].
pub fn plain<'a>(values: impl IntoIterator<Item = &'a TValue>) -> TractResult<TVec<PlainView<'a>>> {
    values.into_iter().map(|value| value.try_as_plain_ram()).collect()
}

/// The numbers of float tensors.
pub fn floats<'a>(values: &'a [PlainView<'_>]) -> TractResult<TVec<&'a [f32]>> {
    values.iter().map(|value| value.as_slice()).collect()
}

/// Computes the outputs for each of several inputs, in rows of these lengths. `work` treats each row separately; idle
/// threads take some of the rows.
pub fn eval_rows_apart<'a>(
    inputs: impl IntoIterator<Item = &'a TValue>,
    lengths: &[usize],
    work: &Work<'_>,
) -> TractResult<Vec<TVec<TValue>>> {
    let inputs: TVec<&TValue> = inputs.into_iter().collect();
    let outputs = |&length: &usize| inputs.iter().map(|input| output_for(input, length)).collect();
    let outputs = lengths.iter().map(outputs).collect::<TractResult<_>>()?;
    eval_rows(&inputs, outputs, &mut |rows, outputs| split_rows(rows, outputs, work))
}

/// Fills tensors of any shape, one list of them for each output. `work` receives the rows of all inputs, and the rows of
/// each output.
pub fn eval_rows(
    inputs: &[&TValue],
    mut outputs: TVec<Vec<Tensor>>,
    work: &mut WorkTogether<'_>,
) -> TractResult<Vec<TVec<TValue>>> {
    let plain = plain(inputs.iter().copied())?;
    let values = floats(&plain)?;
    let row_lengths = inputs.iter().map(|input| row_length(input));
    let rows: Vec<&[f32]> = values.iter().zip(row_lengths).flat_map(|(values, it)| values.chunks_exact(it)).collect();
    {
        let lengths: TVec<usize> = outputs.iter().map(|outputs| outputs.first().map_or(1, row_length)).collect();
        let mut plain = outputs
            .iter_mut()
            .map(|outputs| outputs.iter_mut().map(|output| output.try_as_plain_ram_mut()).collect())
            .collect::<TractResult<TVec<Vec<_>>>>()?;
        let values = plain
            .iter_mut()
            .map(|outputs| outputs.iter_mut().map(|output| output.as_slice_mut::<f32>()).collect())
            .collect::<TractResult<TVec<Vec<_>>>>()?;
        let of_rows = lengths.iter().zip(values);
        let mut outputs: TVec<Vec<&mut [f32]>> = of_rows
            .map(|(&length, values)| values.into_iter().flat_map(|it| it.chunks_exact_mut(length)).collect())
            .collect();
        work(&rows, &mut outputs);
    }
    let mut results = vec![tvec![]; inputs.len()];
    for outputs in outputs {
        for (result, output) in results.iter_mut().zip(outputs) {
            result.push(output.into_tvalue());
        }
    }
    Ok(results)
}

/// Replaces the rows of a tensor, in its memory if nothing else reads it. `work` receives all of them.
pub fn replace_rows(value: TValue, work: &mut dyn FnMut(&mut [&mut [f32]])) -> TractResult<TValue> {
    let mut tensor = value.into_tensor();
    let length = row_length(&tensor);
    let mut plain = tensor.try_as_plain_ram_mut()?;
    work(&mut plain.as_slice_mut::<f32>()?.chunks_exact_mut(length).collect::<Vec<_>>());
    Ok(tensor.into_tvalue())
}

/// The same for `work` that treats each row separately; idle threads take some of the rows.
pub fn replace_rows_apart(value: TValue, work: &(dyn Fn(&mut [&mut [f32]]) + Sync)) -> TractResult<TValue> {
    replace_rows(value, &mut |rows| threads::split(rows.chunks_mut(rows_of_a_part(rows.len())).collect(), work))
}

/// Numbers in a row of a tensor; at least 1.
fn row_length(tensor: &Tensor) -> usize {
    tensor.shape().last().copied().unwrap_or(1).max(1)
}

/// The first row of each sequence: batch × hidden size, from batch × sequence × hidden size.
pub fn first_rows(state: &Tensor) -> TractResult<TValue> {
    let mut first = state.slice(1, 0, 1)?;
    first.remove_axis(1)?;
    Ok(first.into_tvalue())
}

/// Rows that are not written for now.
pub fn shared<'a>(rows: &'a [&mut [f32]]) -> Vec<&'a [f32]> {
    rows.iter().map(|row| &**row).collect()
}

fn split_rows(rows: &[&[f32]], outputs: &mut [Vec<&mut [f32]>], work: &Work<'_>) {
    let part_rows = rows_of_a_part(rows.len());
    let mut parts: Vec<(_, TVec<_>)> = rows.chunks(part_rows).map(|rows| (rows, tvec![])).collect();
    for outputs in outputs {
        for (outputs, part) in outputs.chunks_mut(part_rows).zip(&mut parts) {
            part.1.push(outputs);
        }
    }
    threads::split(parts, |(rows, mut outputs)| work(rows, &mut outputs));
}

/// Rows for each thread that is idle now; at least 1.
pub fn rows_of_a_part(rows: usize) -> usize {
    rows.div_ceil(threads::parts(rows, ROWS_OF_A_PART)).max(1)
}

/// A tensor for the results of `input`, in rows of `length` numbers.
pub fn output_for(input: &Tensor, length: usize) -> TractResult<Tensor> {
    let mut shape: TVec<usize> = input.shape().into();
    *shape.last_mut().context("an input is a scalar instead of rows")? = length;
    Tensor::zero::<f32>(&shape)
}

/// The fact of [`output_for`]'s tensor.
pub fn output_fact(input: &TypedFact, length: usize) -> TractResult<TypedFact> {
    let mut shape = input.shape.to_tvec();
    *shape.last_mut().context("an input is a scalar instead of rows")? = length.to_dim();
    Ok(f32::fact(shape))
}
