//! A linear layer on float weights: y = Σx·w + bias.
//!
//! A panel of columns is copied side by side, a block of inputs at a time. All rows run over the copy while it is in
//! the first-level cache. Each sum adds its products in the order of the inputs. So the result has the same bits in
//! every build, and does not depend on the other rows.

use std::ops::Range;
use std::sync::Arc;

use crate::kernels::lanes::{Fastest, Lanes};
use crate::kernels::linear::panels::PANEL_COLUMNS;

/// Rows that run over a panel together.
const TILE_ROWS: usize = 3;

/// Inputs of a panel that are in the first-level cache: 24 KiB.
const BLOCK_INPUTS: usize = 512;

const VECTORS: usize = PANEL_COLUMNS / 4;

/// The inputs of a block, for all columns of a panel.
type Panel = [[f32; PANEL_COLUMNS]];

/// Floats in memory that the layer shares with their owner.
pub trait Floats: Send + Sync + std::fmt::Debug {
    fn numbers(&self) -> &[f32];
}

impl Floats for Vec<f32> {
    fn numbers(&self) -> &[f32] {
        self
    }
}

/// The order of a matrix in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Inputs × outputs: the weights of an input are side by side.
    InputsFirst,
    /// Outputs × inputs: the weights of an output are side by side.
    OutputsFirst,
}

/// Weights and bias of a layer.
#[derive(Debug, Clone)]
pub struct FloatLinear {
    weights: Arc<dyn Floats>,
    order: Order,
    inputs: usize,
    bias: Vec<f32>,
}

/// Scratch memory of [`FloatLinear::apply_some`], which serves all layers.
#[derive(Debug, Clone, Default)]
pub struct FloatScratch {
    panel: Vec<[f32; PANEL_COLUMNS]>,
}

impl FloatLinear {
    /// Builds a layer of as many outputs as there are biases.
    ///
    /// # Panics
    /// If the number of weights is wrong.
    pub fn new(weights: Arc<dyn Floats>, order: Order, inputs: usize, bias: Vec<f32>) -> Self {
        assert_eq!(weights.numbers().len(), inputs * bias.len(), "the weights are not {inputs} × {}", bias.len());
        Self { weights, order, inputs, bias }
    }

    /// Length of an input row.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Length of an output row.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Writes these outputs of the layer for each row.
    ///
    /// # Panics
    /// If the lengths of the slices do not match.
    pub fn apply_some(
        &self,
        outputs: Range<usize>,
        rows: &[&[f32]],
        scratch: &mut FloatScratch,
        output: &mut [&mut [f32]],
    ) {
        assert_eq!(output.len(), rows.len(), "the outputs do not match {} rows", rows.len());
        assert!(rows.iter().all(|row| row.len() == self.inputs), "a row does not have {} numbers", self.inputs);
        assert!(output.iter().all(|row| row.len() == outputs.len()), "a row does not fit the outputs {outputs:?}");
        output.iter_mut().for_each(|row| row.copy_from_slice(&self.bias[outputs.clone()]));
        for first in outputs.clone().step_by(PANEL_COLUMNS) {
            let columns = first..outputs.end.min(first + PANEL_COLUMNS);
            let place = first - outputs.start;
            for start in (0..self.inputs).step_by(BLOCK_INPUTS) {
                let inputs = start..self.inputs.min(start + BLOCK_INPUTS);
                self.copy_panel(inputs.clone(), columns.clone(), &mut scratch.panel);
                for (rows, output) in rows.chunks(TILE_ROWS).zip(output.chunks_mut(TILE_ROWS)) {
                    add_products(rows, inputs.clone(), &scratch.panel, place, columns.len(), output);
                }
            }
        }
    }

    /// Copies the weights of some columns side by side; 0 pads the panel.
    fn copy_panel(&self, inputs: Range<usize>, columns: Range<usize>, panel: &mut Vec<[f32; PANEL_COLUMNS]>) {
        let weights = self.weights.numbers();
        panel.clear();
        panel.resize(inputs.len(), [0.0; PANEL_COLUMNS]);
        match self.order {
            Order::InputsFirst => {
                let rows = weights.chunks_exact(self.outputs()).skip(inputs.start);
                for (to, row) in panel.iter_mut().zip(rows) {
                    to[..columns.len()].copy_from_slice(&row[columns.clone()]);
                }
            }
            Order::OutputsFirst => {
                let rows = weights.chunks_exact(self.inputs).skip(columns.start).take(columns.len());
                for (column, row) in rows.enumerate() {
                    for (to, &weight) in panel.iter_mut().zip(&row[inputs.clone()]) {
                        to[column] = weight;
                    }
                }
            }
        }
    }
}

/// Adds the products of up to three rows with a panel to `count` outputs from `place` on.
fn add_products(
    rows: &[&[f32]],
    inputs: Range<usize>,
    panel: &Panel,
    place: usize,
    count: usize,
    output: &mut [&mut [f32]],
) {
    // The rows that pad a tile are computed and dropped.
    let row = |index: usize| &rows[index.min(rows.len() - 1)][inputs.clone()];
    let mut sums = [[0.0; PANEL_COLUMNS]; TILE_ROWS];
    for (sums, output) in sums.iter_mut().zip(&*output) {
        sums[..count].copy_from_slice(&output[place..][..count]);
    }
    if rows.len() == 1 {
        add_row::<Fastest>(row(0), panel, &mut sums[0]);
    } else {
        add_tile::<Fastest>([row(0), row(1), row(2)], panel, &mut sums);
    }
    for (sums, output) in sums.iter().zip(output) {
        output[place..][..count].copy_from_slice(&sums[..count]);
    }
}

#[inline(always)]
fn load<L: Lanes>(numbers: &[f32; PANEL_COLUMNS]) -> [L::F32; VECTORS] {
    let vectors = numbers.as_chunks::<4>().0;
    core::array::from_fn(|index| L::load(&vectors[index]))
}

#[inline(always)]
fn store<L: Lanes>(vectors: [L::F32; VECTORS], numbers: &mut [f32; PANEL_COLUMNS]) {
    for (vector, to) in vectors.into_iter().zip(numbers.as_chunks_mut::<4>().0) {
        L::store(vector, to);
    }
}

#[inline(never)]
fn add_tile<L: Lanes>(rows: [&[f32]; TILE_ROWS], panel: &Panel, sums: &mut [[f32; PANEL_COLUMNS]; TILE_ROWS]) {
    let mut totals = sums.each_ref().map(load::<L>);
    let [a, b, c] = rows;
    for (((weights, &a), &b), &c) in panel.iter().zip(a).zip(b).zip(c) {
        let weights = load::<L>(weights);
        for (totals, factor) in totals.iter_mut().zip([L::splat(a), L::splat(b), L::splat(c)]) {
            for (total, weight) in totals.iter_mut().zip(weights) {
                *total = *total + factor * weight;
            }
        }
    }
    for (totals, sums) in totals.into_iter().zip(sums) {
        store::<L>(totals, sums);
    }
}

#[inline(never)]
fn add_row<L: Lanes>(row: &[f32], panel: &Panel, sums: &mut [f32; PANEL_COLUMNS]) {
    let mut totals = load::<L>(sums);
    for (weights, &factor) in panel.iter().zip(row) {
        let factor = L::splat(factor);
        for (total, weight) in totals.iter_mut().zip(load::<L>(weights)) {
            *total = *total + factor * weight;
        }
    }
    store::<L>(totals, sums);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::lanes::scalar::Scalar;
    use crate::kernels::testing::{test, *};

    /// Each sum in the order of the inputs.
    fn expected(rows: &[&[f32]], weights: &[f32], bias: &[f32]) -> Vec<f32> {
        let sum = |row: &[f32], output: usize| {
            let weights = weights.iter().skip(output).step_by(bias.len());
            row.iter().zip(weights).fold(bias[output], |sum, (x, w)| sum + x * w)
        };
        rows.iter().flat_map(|row| (0..bias.len()).map(|output| sum(row, output))).collect()
    }

    fn apply(layer: &FloatLinear, outputs: Range<usize>, rows: &[&[f32]]) -> Vec<f32> {
        let mut output = vec![0.0; rows.len() * outputs.len()];
        let mut places: Vec<_> = output.chunks_exact_mut(outputs.len()).collect();
        layer.apply_some(outputs, rows, &mut FloatScratch::default(), &mut places);
        output
    }

    #[test]
    fn sums_are_in_the_order_of_the_inputs() {
        for (inputs, outputs, count) in [(1, 1, 1), (5, 12, 3), (1030, 25, 4), (600, 13, 7), (512, 36, 2)] {
            let (numbers, weights, bias) = (random(count * inputs, 3), random(inputs * outputs, 5), random(outputs, 7));
            let rows: Vec<&[f32]> = numbers.chunks_exact(inputs).collect();
            let all = expected(&rows, &weights, &bias);
            let transposed: Vec<f32> = (0..outputs)
                .flat_map(|output| weights.iter().skip(output).step_by(outputs).copied().collect::<Vec<_>>())
                .collect();
            let layers = [(weights, Order::InputsFirst), (transposed, Order::OutputsFirst)]
                .map(|(weights, order)| FloatLinear::new(Arc::new(weights), order, inputs, bias.clone()));
            for layer in &layers {
                assert_same(&apply(layer, 0..outputs, &rows), &all);
                let some = outputs / 3..outputs;
                let of_some: Vec<f32> = all.chunks_exact(outputs).flat_map(|row| &row[some.clone()]).copied().collect();
                assert_same(&apply(layer, some, &rows), &of_some);
            }
        }
    }

    proptest! {
        #[test]
        fn is_the_same_as_the_reference(
            [a, b, c] in [floats(40), floats(40), floats(40)],
            weights in floats(40 * PANEL_COLUMNS),
        ) {
            let panel = weights.as_chunks::<PANEL_COLUMNS>().0;
            let (mut sums, mut reference) = ([[0.5; PANEL_COLUMNS]; TILE_ROWS], [[0.5; PANEL_COLUMNS]; TILE_ROWS]);
            add_tile::<Fastest>([&a, &b, &c], panel, &mut sums);
            add_tile::<Scalar>([&a, &b, &c], panel, &mut reference);
            assert_same(sums.as_flattened(), reference.as_flattened());
            let mut alone = [0.5; PANEL_COLUMNS];
            add_row::<Fastest>(&a, panel, &mut alone);
            assert_same(&alone, &sums[0]);
        }
    }
}
