//! Linear layers and attention on floats, the reference that the kernels on integers are compared with. Nothing is
//! rounded but the tables of positions, which are so when they are made. They are slow. Every sum has a fixed order, so results are the same bits everywhere.

use super::attention::{Disentangled, Inputs};
use crate::kernels::functions::exp::Exp;
use crate::kernels::functions::softmax::{exponentials, largest};
use crate::kernels::lanes::Fastest;

/// Rows that share one pass over the matrix.
const TILE_ROWS: usize = 4;

/// Adds the product of each row with `matrix` (row length × output length) to its output.
///
/// # Panics
/// If the lengths do not match.
pub fn multiply_add(rows: &[&[f32]], matrix: &[f32], outputs: &mut [&mut [f32]]) {
    assert_eq!(rows.len(), outputs.len());
    rows.chunks(TILE_ROWS).zip(outputs.chunks_mut(TILE_ROWS)).for_each(|(rows, outputs)| {
        let columns = outputs[0].len();
        assert!(rows.iter().all(|row| row.len() * columns == matrix.len()));
        assert!(outputs.iter().all(|output| output.len() == columns));
        if columns > 0 {
            for (input, weights) in matrix.chunks_exact(columns).enumerate() {
                rows.iter().zip(&mut *outputs).for_each(|(row, output)| add_multiple(row[input], weights, output));
            }
        }
    });
}

/// Adds `factor` times the numbers to the sums.
#[inline]
pub fn add_multiple(factor: f32, numbers: &[f32], sums: &mut [f32]) {
    sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += factor * number);
}

/// The exact function that [`attention`](super::attention::attention) approximates, with the same layout of its output.
/// `weights` is scratch memory.
///
/// # Panics
/// If a buffer is too short for its rows.
pub fn attention(inputs: &Inputs<'_>, weights: &mut Vec<f32>, context: &mut [f32], stride: usize) {
    let Inputs { queries, keys, values, mask, bias, disentangled, window, heads, head_size, scale } = *inputs;
    weights.resize(keys.count, 0.0);
    let exp = Exp::<Fastest>::new();
    for head in 0..heads {
        let start = head * head_size;
        for query in 0..queries.count {
            let asked = queries.slice(query, start, head_size);
            for (key, weight) in weights.iter_mut().enumerate() {
                let dot: f32 = asked.iter().zip(keys.slice(key, start, head_size)).map(|(q, k)| q * k).sum();
                *weight = dot * scale + mask.map_or(0.0, |mask| mask[key]);
            }
            if let Some(bias) = bias {
                add_multiple(1.0, bias.row(head, query, keys.count), weights);
            }
            if let Some(disentangled) = disentangled {
                add_positions(&disentangled, inputs, head, query, weights);
            }
            if let Some(window) = window {
                let seen = window.keys(query, keys.count);
                weights[..seen.start].fill(f32::NEG_INFINITY);
                weights[seen.end..].fill(f32::NEG_INFINITY);
            }
            let largest = largest::<Fastest>(weights);
            let sum = exponentials(exp, weights, largest).sum;
            let context = &mut context[query * stride + start..][..head_size];
            context.fill(0.0);
            for (key, weight) in weights.iter().enumerate() {
                add_multiple(weight / sum, values.slice(key, start, head_size), context);
            }
        }
    }
}

/// Adds the products of disentangled attention to the scores of a query.
fn add_positions(disentangled: &Disentangled<'_>, inputs: &Inputs<'_>, head: usize, query: usize, scores: &mut [f32]) {
    let Inputs { queries, keys, head_size, .. } = *inputs;
    let start = head * head_size;
    for (key, score) in scores.iter_mut().enumerate() {
        let distance = keys.count - 1 + key - (disentangled.first + query);
        let sides = [
            disentangled.of_queries.map(|positions| (positions, queries.slice(query, start, head_size))),
            disentangled.of_keys.map(|positions| (positions, keys.slice(key, start, head_size))),
        ];
        for (positions, content) in sides.into_iter().flatten() {
            let row = positions.table.row(disentangled.first_head + head, positions.rows[distance] as usize);
            *score +=
                positions.scale * content.iter().zip(row).map(|(content, position)| content * position).sum::<f32>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        for count in [1, 4, 7] {
            let numbers: Vec<f32> = (0..64).map(|index| (index * 7 % 11) as f32 - 5.0).collect();
            let (matrix, rows) = (&numbers[..15], &numbers[15..][..count * 5]);
            let rows: Vec<&[f32]> = rows.chunks_exact(5).collect();
            let mut outputs = vec![1.0; count * 3];
            multiply_add(&rows, matrix, &mut outputs.chunks_exact_mut(3).collect::<Vec<_>>());
            for (row, output) in rows.iter().zip(outputs.chunks_exact(3)) {
                for (column, &output) in output.iter().enumerate() {
                    assert_eq!(output, 1.0 + (0..5).map(|input| row[input] * matrix[input * 3 + column]).sum::<f32>());
                }
            }
        }
    }
}
