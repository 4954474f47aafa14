//! GPTQ: rounding for the inputs of a layer. Later weights compensate for the error of each earlier one.
//!
//! Frantar et al., *GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers*, 2022. The form
//! here is LDLQ of Chee et al., *QuIP: 2-Bit Quantization of Large Language Models With Guarantees*, 2023.
//!
//! Let the inputs have the second moments H = (I + U)·D·(I + U)ᵀ, with U strictly upper triangular. Before weight k is
//! rounded, the errors of the weights before it are added to it, each times its number in column k of U. No other
//! rounding of one weight after the other has a smaller squared error of the outputs.

use super::moments::Moments;
use crate::kernels::reference::add_multiple;
use crate::memory::room;

/// Rounds the values of a row: takes the number of the row and its values, and fills the slice.
pub type Round<'a> = dyn FnMut(usize, &[f32], &mut [f32]) + 'a;

/// U and D of the inputs of one matrix.
#[derive(Debug)]
pub struct Gptq {
    inputs: usize,
    /// Row after row: U above the diagonal, D on it. Numbers below it are meaningless.
    factors: Vec<f32>,
}

impl Gptq {
    /// Factors the moments of a layer's inputs. `damping` is added to the diagonal of H as a part of its mean. Returns
    /// `None` without memory, and for moments that are all 0 or not finite.
    pub fn new(moments: &Moments, damping: f32) -> Option<Self> {
        let inputs = moments.inputs();
        let mut factors = room(inputs * inputs)?;
        factors.extend_from_slice(moments.sums());
        let mean = (0..inputs).map(|index| factors[index * inputs + index]).sum::<f32>() / inputs as f32;
        if !(mean > 0.0 && mean.is_finite()) {
            return None;
        }
        (0..inputs).for_each(|index| factors[index * inputs + index] += damping * mean);
        decompose(&mut factors, inputs);
        Some(Self { inputs, factors })
    }

    /// Replaces B (inputs × `columns`, row after row) by H⁻¹·B.
    pub fn solve(&self, columns: usize, values: &mut [f32]) {
        let factor = |row: usize, column: usize| self.factors[row * self.inputs + column];
        for row in (0..self.inputs).rev() {
            let (before, after) = values.split_at_mut((row + 1) * columns);
            let value = &mut before[row * columns..];
            for (other, numbers) in (row + 1..).zip(after.chunks_exact(columns)) {
                add_multiple(-factor(row, other), numbers, value);
            }
        }
        for row in 0..self.inputs {
            let (before, after) = values.split_at_mut(row * columns);
            let (value, pivot) = (&mut after[..columns], factor(row, row));
            value.iter_mut().for_each(|value| *value = if pivot > 0.0 { *value / pivot } else { 0.0 });
            for (other, numbers) in before.chunks_exact(columns).enumerate() {
                add_multiple(-factor(other, row), numbers, value);
            }
        }
    }

    /// Rounds `weights` (inputs × `columns`, row after row).
    pub fn round(&self, weights: &[f32], columns: usize, round: &mut Round<'_>) {
        let mut errors = vec![0f32; weights.len()];
        let (mut values, mut rounded) = (vec![0f32; columns], vec![0f32; columns]);
        for row in 0..self.inputs {
            values.copy_from_slice(&weights[row * columns..][..columns]);
            for (before, errors) in errors.chunks_exact(columns).take(row).enumerate() {
                add_multiple(self.factors[before * self.inputs + row], errors, &mut values);
            }
            round(row, &values, &mut rounded);
            let weights = &weights[row * columns..][..columns];
            let errors = &mut errors[row * columns..][..columns];
            for ((error, weight), rounded) in errors.iter_mut().zip(weights).zip(&rounded) {
                *error = weight - rounded;
            }
        }
    }
}

/// Factors a symmetric matrix, given by the numbers on and above its diagonal, in place.
fn decompose(matrix: &mut [f32], size: usize) {
    let mut column = vec![0f32; size];
    for last in (1..size).rev() {
        let pivot = matrix[last * size + last];
        for (row, factor) in column[..last].iter_mut().enumerate() {
            let number = &mut matrix[row * size + last];
            *number = if pivot > 0.0 { *number / pivot } else { 0.0 };
            *factor = *number;
        }
        for row in 0..last {
            let step = column[row] * pivot;
            let numbers = &mut matrix[row * size..][row..last];
            add_multiple(-step, &column[row..last], numbers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAMPING: f32 = 0.02;

    fn rows(count: usize, inputs: usize) -> Vec<Vec<f32>> {
        let number = |index: usize| ((index * 7919 + 13) % 1009) as f32 / 504.5 - 1.0;
        let common: Vec<f32> = (0..inputs).map(|input| number(input * 31)).collect();
        (0..count)
            .map(|row| {
                (0..inputs).map(|input| 2.0 * common[input] * number(row) + number(row * inputs + input)).collect()
            })
            .collect()
    }

    #[test]
    fn the_product_of_the_factors_is_the_matrix() {
        let (rows, inputs) = (rows(40, 9), 9);
        let moment = |i: usize, j: usize| rows.iter().map(|row| row[i] * row[j]).sum::<f32>();
        let gptq = Gptq::new(&Moments::plain(&rows, inputs).unwrap(), DAMPING).unwrap();
        let damping = DAMPING * (0..inputs).map(|i| moment(i, i)).sum::<f32>() / inputs as f32;
        // The diagonal holds D.
        let factor = |i: usize, k: usize| if i == k { 1.0 } else { gptq.factors[i * inputs + k] };
        for i in 0..inputs {
            for j in i..inputs {
                let product: f32 =
                    (j..inputs).map(|k| factor(i, k) * gptq.factors[k * inputs + k] * factor(j, k)).sum();
                let expected = moment(i, j) + if i == j { damping } else { 0.0 };
                assert!((product - expected).abs() < 1e-3, "{product} instead of {expected}");
            }
        }
    }

    #[test]
    fn solving_undoes_the_product() {
        let (rows, inputs, columns) = (rows(40, 9), 9, 2);
        let moments = Moments::plain(&rows, inputs).unwrap();
        let expected: Vec<f32> = (0..inputs * columns).map(|index| (index * 5 % 7) as f32 - 3.0).collect();
        let mut values = vec![0.0; inputs * columns];
        moments.subtract_product(&expected, columns, &mut values);
        Gptq::new(&moments, 0.0).unwrap().solve(columns, &mut values);
        for (value, expected) in values.iter().zip(expected) {
            assert!((value + expected).abs() < 1e-2, "{value} instead of {}", -expected);
        }
    }

    #[test]
    fn outputs_are_nearer_than_those_of_plain_rounding() {
        let (inputs, columns) = (24, 8);
        let rows = rows(100, inputs);
        let weights: Vec<f32> = (0..inputs * columns).map(|index| (index * 37 % 101) as f32 * 0.1 - 5.0).collect();
        let mut rounded = vec![0f32; weights.len()];
        let gptq = Gptq::new(&Moments::plain(&rows, inputs).unwrap(), DAMPING).unwrap();
        gptq.round(&weights, columns, &mut |row, values, output| {
            output.iter_mut().zip(values).for_each(|(output, value)| *output = value.round());
            rounded[row * columns..][..columns].copy_from_slice(output);
        });
        let error = |after: &dyn Fn(usize) -> f32| -> f32 {
            let of = |row: &Vec<f32>, column: usize| {
                let differences = (0..inputs).map(|input| input * columns + column);
                row.iter().zip(differences).map(|(x, index)| x * (weights[index] - after(index))).sum::<f32>().powi(2)
            };
            rows.iter().map(|row| (0..columns).map(|column| of(row, column)).sum::<f32>()).sum()
        };
        let (ours, plain) = (error(&|index| rounded[index]), error(&|index| weights[index].round()));
        assert!(ours < 0.5 * plain, "{ours} against {plain}");
    }

    #[test]
    fn nothing_seen_rounds_nothing() {
        let gptq = |rows: &[Vec<f32>]| Gptq::new(&Moments::plain(rows, 3).unwrap(), DAMPING);
        assert!(gptq(&[]).is_none());
        assert!(gptq(&[vec![0.0; 3]]).is_none());
        assert!(gptq(&[vec![f32::NAN; 3]]).is_none());
    }
}
