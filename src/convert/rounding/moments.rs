//! Second moments of a layer's inputs on a sample, and their products with its outputs.

use crate::kernels::reference::add_multiple;
use crate::memory::zeros;

/// Rows added to a sum together.
const TOGETHER: usize = 8;

/// Receives the number of the first of some rows, and the rows with their importance.
type See<'a> = dyn FnMut(usize, &[(Vec<f32>, f32)]) + 'a;

/// The input rows of a layer.
#[derive(Debug)]
pub struct Observed<'a> {
    /// Each row with its importance.
    rows: Vec<(&'a [f32], f32)>,
    /// The vector subtracted from each row.
    center: Vec<f32>,
}

impl<'a> Observed<'a> {
    /// `rows` come with their importance. `centered` subtracts their mean.
    pub fn new(rows: Vec<(&'a [f32], f32)>, inputs: usize, centered: bool) -> Self {
        let center = if centered { mean(rows.iter().copied(), inputs) } else { vec![0.0; inputs] };
        Self { rows, center }
    }

    /// Returns the mean of the rows, or zeros if they are not centered.
    pub fn center(&self) -> &[f32] {
        &self.center
    }

    /// Returns the importance of the rows.
    pub fn importance(&self) -> impl Iterator<Item = f32> {
        self.rows.iter().map(|&(_, weight)| weight)
    }

    /// Returns the effective sample size: the number of equally important rows that they are worth.
    pub fn effective_count(&self) -> f32 {
        let squares: f32 = self.importance().map(|weight| weight * weight).sum();
        if squares > 0.0 { self.importance().sum::<f32>().powi(2) / squares } else { 0.0 }
    }

    /// Sums up the second moments. Returns `None` without memory.
    pub fn moments(&self) -> Option<Moments> {
        let inputs = self.center.len();
        let mut sums = zeros(inputs * inputs)?;
        self.in_blocks(&mut |_, rows| {
            for (first, sums) in sums.chunks_exact_mut(inputs.max(1)).enumerate() {
                for (row, weight) in rows {
                    add_multiple(weight * row[first], &row[first..], &mut sums[first..]);
                }
            }
        });
        Some(Moments { inputs, sums })
    }

    /// Sums the products of inputs with outputs less `center`: inputs × outputs, row after row. `outputs` has one row
    /// for each row. Returns `None` without memory.
    pub fn products(&self, outputs: &[&[f32]], center: &[f32]) -> Option<Vec<f32>> {
        let columns = center.len();
        let mut sums = zeros(self.center.len() * columns)?;
        self.in_blocks(&mut |start, rows| {
            let outputs: Vec<_> = outputs[start..].iter().take(rows.len()).map(|row| difference(row, center)).collect();
            for (input, sums) in sums.chunks_exact_mut(columns.max(1)).enumerate() {
                for ((row, weight), outputs) in rows.iter().zip(&outputs) {
                    add_multiple(weight * row[input], outputs, sums);
                }
            }
        });
        Some(sums)
    }

    /// Passes the rows less their center, a few at a time.
    fn in_blocks(&self, see: &mut See<'_>) {
        for (block, rows) in self.rows.chunks(TOGETHER).enumerate() {
            let centered = |&(row, weight): &(&[f32], f32)| (difference(row, &self.center), weight);
            see(block * TOGETHER, &rows.iter().map(centered).collect::<Vec<_>>());
        }
    }
}

/// Returns a row less another.
pub fn difference(row: &[f32], center: &[f32]) -> Vec<f32> {
    row.iter().zip(center).map(|(value, center)| value - center).collect()
}

/// Returns the mean of rows, weighted by their importance.
pub fn mean<'a>(rows: impl Iterator<Item = (&'a [f32], f32)>, length: usize) -> Vec<f32> {
    let mut mean = vec![0.0; length];
    let mut total = 0.0;
    for (row, weight) in rows {
        add_multiple(weight, row, &mut mean);
        total += weight;
    }
    if total > 0.0 {
        mean.iter_mut().for_each(|value| *value /= total);
    }
    mean
}

/// Sums of second moments over all rows.
#[derive(Debug)]
pub struct Moments {
    inputs: usize,
    /// Row after row. Numbers below the diagonal are meaningless.
    sums: Vec<f32>,
}

impl Moments {
    /// Sums up rows of equal importance, not centered. Returns `None` without memory.
    pub fn plain(rows: &[Vec<f32>], inputs: usize) -> Option<Self> {
        Observed::new(rows.iter().map(|row| (&**row, 1.0)).collect(), inputs, false).moments()
    }

    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Returns the moment of each input with itself.
    pub fn diagonal(&self) -> Vec<f32> {
        self.sums.iter().copied().step_by(self.inputs + 1).collect()
    }

    pub fn sums(&self) -> &[f32] {
        &self.sums
    }

    /// Returns the moments of the inputs in another order, or `None` without memory.
    pub fn arranged(&self, order: &[usize]) -> Option<Self> {
        let inputs = self.inputs;
        let mut sums = zeros(inputs * inputs)?;
        for (sums, &one) in sums.chunks_exact_mut(inputs.max(1)).zip(order) {
            for (sum, &other) in sums.iter_mut().zip(order) {
                *sum = self.sums[one.min(other) * inputs + one.max(other)];
            }
        }
        Some(Self { inputs, sums })
    }

    /// Subtracts the product with `matrix` (inputs × `columns`) from `values`.
    pub fn subtract_product(&self, matrix: &[f32], columns: usize, values: &mut [f32]) {
        for row in 0..self.inputs {
            let moments = &self.sums[row * self.inputs..][..self.inputs];
            let (before, after) = values.split_at_mut((row + 1) * columns);
            let (value, factors) = (&mut before[row * columns..], &matrix[row * columns..][..columns]);
            add_multiple(-moments[row], factors, value);
            for (other, later) in (row + 1..).zip(after.chunks_exact_mut(columns)) {
                add_multiple(-moments[other], &matrix[other * columns..][..columns], value);
                add_multiple(-moments[other], factors, later);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_their_definition() {
        let (inputs, columns) = (5, 3);
        let numbers: Vec<f32> = (0..200).map(|index| ((index * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect();
        let rows: Vec<(&[f32], f32)> =
            numbers[..55].chunks_exact(inputs).enumerate().map(|(row, values)| (values, 1.0 + row as f32)).collect();
        let outputs: Vec<&[f32]> = numbers[60..93].chunks_exact(columns).collect();
        let observed = Observed::new(rows.clone(), inputs, true);
        let total: f32 = rows.iter().map(|(_, weight)| weight).sum();
        let mean = |input: usize| rows.iter().map(|(row, weight)| weight * row[input]).sum::<f32>() / total;
        let sum = |of: &dyn Fn(usize, &[f32]) -> f32| -> f32 {
            rows.iter().enumerate().map(|(index, (row, weight))| weight * of(index, row)).sum()
        };
        let near = |one: f32, other: f32| assert!((one - other).abs() < 1e-3, "{one} instead of {other}");
        let moment = |i: usize, j: usize| sum(&|_, row| (row[i] - mean(i)) * (row[j] - mean(j)));
        let (moments, products) = (observed.moments().unwrap(), observed.products(&outputs, &[0.0; 3]).unwrap());
        let matrix = &numbers[100..115];
        let mut differences = vec![0.0; inputs * columns];
        moments.subtract_product(matrix, columns, &mut differences);
        for i in 0..inputs {
            near(observed.center()[i], mean(i));
            (i..inputs).for_each(|j| near(moments.sums()[i * inputs + j], moment(i, j)));
            for column in 0..columns {
                near(products[i * columns + column], sum(&|index, row| (row[i] - mean(i)) * outputs[index][column]));
                let product: f32 = (0..inputs).map(|j| moment(i, j) * matrix[j * columns + column]).sum();
                near(differences[i * columns + column], -product);
            }
        }
        let arranged = moments.arranged(&[3, 0, 4, 1, 2]).unwrap();
        near(arranged.sums()[1], moment(3, 0));
        near(arranged.sums()[2 * inputs + 3], moment(4, 1));
        near(observed.effective_count(), total * total / rows.iter().map(|(_, weight)| weight * weight).sum::<f32>());
    }
}
