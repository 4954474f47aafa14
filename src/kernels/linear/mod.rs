//! A linear layer on int8 weights, with activations quantised row by row.
//!
//! Activations a have a scale s and a zero point z. Weights w have a scale t for each column, so y = s·t·Σ(a − z)·w +
//! bias. The kernels compute Σa·w' on codes w' = w + o:
//!
//! Σ(a − z)·w = Σa·w' − o·Σa − z·Σw
//!
//! So the offsets cost one sum over the row and one over the column, and every step before the scales is exact. The
//! offset o is 64 for weights of seven and of four bits. Weights of eight bits are stored as they are, o = 0. Where the
//! processor multiplies signed by unsigned numbers, the kernels read them with o = 128. A zero point v of the weights
//! changes only two numbers of a column, with n the length of a row:
//!
//! Σ(a − z)·(w − v) = Σa·w' − (o + v)·Σa − z·(Σw − n·v)

mod four_bit;
mod kernel;
mod matrix;
mod pack;
pub mod panels;
pub mod quantize;
pub mod race;
pub mod stored;
mod tile;

use std::ops::Range;
use std::sync::Arc;

pub use kernel::Kernel;
use kernel::PanelDot;
pub use matrix::PackedMatrix;
pub use pack::{Packer, pack_four_bits};
use panels::{Encoding, GROUP_ROWS, MAX_ROWS, PANEL_COLUMNS};
use quantize::RowScale;
use tile::{Dots, TILE_ROWS};

use crate::kernels::lanes::{Fastest, Lanes};

/// Bytes of activations that run through one panel before the next one is read; they stay in the second-level cache.
const BLOCK_BYTES: usize = 192 << 10;

/// Rows of `stride` activations that run through one panel before the next one is read.
fn block_rows(stride: usize) -> usize {
    (BLOCK_BYTES / stride.max(1) / TILE_ROWS).max(1) * TILE_ROWS
}

/// Number of groups of `size` outputs that fill whole panels, which are computed together.
pub fn groups_in_panels(size: usize) -> usize {
    (1..PANEL_COLUMNS).find(|count| (count * size).is_multiple_of(PANEL_COLUMNS)).unwrap_or(PANEL_COLUMNS)
}

/// Most inputs of a layer with zero points for weights. A weight and its zero point may differ by 255, and this many
/// products by 255 sum to a number of 32 bits.
pub const MAX_SHIFTED_INPUTS: usize = 1 << 15;

/// Quantised activations, each row padded with the code 0 to [`Linear::input_stride`].
#[derive(Debug, Clone, Copy)]
pub struct QuantizedRows<'a> {
    pub codes: &'a [i8],
    pub rows: &'a [RowScale],
}

/// Weights, scales and bias of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    matrix: Arc<PackedMatrix>,
    /// The kernel that multiplies the codes.
    dot: PanelDot,
    /// Difference between each code of a column that the kernels read and the weight; padded to whole panels.
    offsets: Vec<i32>,
    /// Sum of each stored column less its zero point; padded to whole panels.
    column_sums: Vec<i32>,
    /// Scale of each stored column, padded to whole panels.
    scales: Vec<f32>,
    /// Padded to whole panels.
    bias: Vec<f32>,
}

/// Scratch memory of [`Linear::apply`]. It grows to the needs of the largest layer and can serve all layers.
#[derive(Debug, Clone, Default)]
pub struct LinearScratch {
    wide_rows: Vec<i16>,
    wide_panel: Vec<i16>,
    /// The codes of a panel, where the stored bytes are others.
    codes: Vec<u8>,
}

impl Linear {
    /// Builds a layer of `matrix` (inputs × outputs), with one scale for each output or one for all, and one bias for
    /// each.
    ///
    /// # Panics
    /// If the number of scales or of biases is wrong, or there are more than [`MAX_ROWS`] inputs.
    pub fn new(matrix: Arc<PackedMatrix>, scales: &[f32], bias: &[f32]) -> Self {
        let dot = PanelDot::chosen(matrix.encoding());
        Self::with_dot(matrix, dot, scales, bias)
    }

    /// [`new`](Self::new) with a dot that is exact for the matrix.
    fn with_dot(matrix: Arc<PackedMatrix>, dot: PanelDot, scales: &[f32], bias: &[f32]) -> Self {
        let columns = matrix.columns();
        assert!(matrix.rows() <= MAX_ROWS, "a layer has {} inputs; the limit is {MAX_ROWS}", matrix.rows());
        assert!(scales.len() == columns || scales.len() == 1, "{} scales for {columns} columns", scales.len());
        assert_eq!(bias.len(), columns, "a layer needs one bias for each column");
        let padded = matrix.column_sums().len();
        let mut column_scales: Vec<f32> = scales.iter().copied().cycle().take(columns).collect();
        for (scale, &negated) in column_scales.iter_mut().zip(matrix.negated()) {
            *scale = if negated { -*scale } else { *scale };
        }
        column_scales.resize(padded, 0.0);
        let mut bias = bias.to_vec();
        bias.resize(padded, 0.0);
        let column_sums = matrix.column_sums().to_vec();
        let mut layer = Self { matrix, dot, offsets: Vec::new(), column_sums, scales: column_scales, bias };
        layer.offsets = vec![layer.code_offset(); padded];
        layer
    }

    /// Difference between a code that the kernels read and the stored weight.
    fn code_offset(&self) -> i32 {
        match self.matrix.encoding() {
            Encoding::EightBit => self.dot.offset(),
            encoding => encoding.offset(),
        }
    }

    /// Subtracts a zero point from the weights: one for each column, or one for all.
    ///
    /// # Panics
    /// If the number of zero points is wrong, or there are more than [`MAX_SHIFTED_INPUTS`] inputs.
    pub fn with_zero_points(mut self, zero_points: &[i8]) -> Self {
        let columns = self.outputs();
        assert!(
            zero_points.len() == columns || zero_points.len() == 1,
            "{} zero points for {columns} columns",
            zero_points.len()
        );
        assert!(self.inputs() <= MAX_SHIFTED_INPUTS, "a layer with zero points has {} inputs", self.inputs());
        let rows = self.inputs() as i32;
        let columns = zero_points.iter().cycle().zip(self.matrix.negated());
        for ((&zero_point, &negated), (offset, sum)) in columns.zip(self.offsets.iter_mut().zip(&mut self.column_sums))
        {
            let zero_point = if negated { -i32::from(zero_point) } else { i32::from(zero_point) };
            *offset += zero_point;
            *sum -= rows * zero_point;
        }
        self
    }

    pub fn matrix(&self) -> &Arc<PackedMatrix> {
        &self.matrix
    }

    /// The kernel that multiplies the codes.
    pub fn kernel(&self) -> Kernel {
        self.dot.kernel
    }

    /// The scale of each stored column; negative for a column that is stored as its negative.
    pub fn scales(&self) -> &[f32] {
        &self.scales[..self.outputs()]
    }

    /// One number for each output, added to it.
    pub fn bias(&self) -> &[f32] {
        &self.bias[..self.outputs()]
    }

    /// The weights as floats, inputs × outputs, row after row.
    pub fn weights(&self) -> Vec<f32> {
        let offset = self.code_offset();
        let columns: Vec<(f32, i32)> = self
            .scales()
            .iter()
            .zip(self.matrix.negated())
            .zip(&self.offsets)
            .map(|((&scale, &negated), shifted)| {
                // The signs are those of the file.
                let sign = if negated { -1 } else { 1 };
                (scale * sign as f32, sign * (shifted - offset))
            })
            .collect();
        let integers = self.matrix.unpack();
        integers
            .chunks_exact(columns.len().max(1))
            .flat_map(|row| row.iter().zip(&columns))
            .map(|(&integer, &(scale, zero_point))| (i32::from(integer as i8) - zero_point) as f32 * scale)
            .collect()
    }

    /// Length of an input row.
    pub fn inputs(&self) -> usize {
        self.matrix.rows()
    }

    /// Length of an output row.
    pub fn outputs(&self) -> usize {
        self.matrix.columns()
    }

    /// Distance between two input rows, in codes.
    pub fn input_stride(&self) -> usize {
        self.matrix.groups() * GROUP_ROWS
    }

    /// Writes the layer's output for each row to a slice of [`outputs`](Self::outputs) numbers. The result has the same
    /// bits in every build and does not depend on the other rows.
    ///
    /// # Panics
    /// If the lengths of the slices do not match the number of rows.
    pub fn apply(&self, input: QuantizedRows<'_>, scratch: &mut LinearScratch, output: &mut [&mut [f32]]) {
        self.apply_some(0..self.outputs(), input, scratch, output);
    }

    /// Widens a range of outputs to whole panels, which [`apply_some`](Self::apply_some) can compute without the
    /// others.
    pub fn whole_panels(&self, outputs: Range<usize>) -> Range<usize> {
        let end = outputs.end.next_multiple_of(PANEL_COLUMNS).min(self.outputs());
        outputs.start / PANEL_COLUMNS * PANEL_COLUMNS..end
    }

    /// [`apply`](Self::apply) for a range of outputs that [`whole_panels`](Self::whole_panels) returned.
    ///
    /// # Panics
    /// As [`apply`](Self::apply), and for other ranges.
    pub fn apply_some(
        &self,
        outputs: Range<usize>,
        input: QuantizedRows<'_>,
        scratch: &mut LinearScratch,
        output: &mut [&mut [f32]],
    ) {
        let stride = self.input_stride();
        assert_eq!(self.whole_panels(outputs.clone()), outputs, "outputs must fill whole panels");
        assert_eq!(input.codes.len(), input.rows.len() * stride, "the codes do not fill {} rows", input.rows.len());
        assert_eq!(output.len(), input.rows.len(), "the outputs do not match {} rows", input.rows.len());
        assert!(output.iter().all(|row| row.len() == outputs.len()), "a row does not fit the outputs {outputs:?}");
        let panels = outputs.start / PANEL_COLUMNS..outputs.end.div_ceil(PANEL_COLUMNS);
        let block_rows = block_rows(stride);
        let blocks = input.codes.chunks(block_rows * stride).zip(input.rows.chunks(block_rows));
        for ((codes, rows), output) in blocks.zip(output.chunks_mut(block_rows)) {
            self.apply_block(panels.clone(), QuantizedRows { codes, rows }, scratch, output);
        }
    }

    fn apply_block(
        &self,
        panels: Range<usize>,
        input: QuantizedRows<'_>,
        scratch: &mut LinearScratch,
        output: &mut [&mut [f32]],
    ) {
        let stride = self.input_stride();
        let encoding = self.matrix.encoding();
        let PanelDot { kernel, adds_128 } = self.dot;
        let Operands { wide_rows, wide_panel, codes } =
            Operands::prepare(self.dot, encoding, input.codes, stride, scratch);
        let mut dots: Dots = [[0; PANEL_COLUMNS]; TILE_ROWS];
        let places = (0..).step_by(PANEL_COLUMNS);
        for ((index, mut panel), place) in
            self.matrix.panels().enumerate().take(panels.end).skip(panels.start).zip(places)
        {
            match encoding {
                Encoding::FourBit => {
                    four_bit::unpack_panel(panel, self.matrix.tables(), codes);
                    panel = codes;
                }
                Encoding::EightBit if adds_128 => {
                    codes.iter_mut().zip(panel).for_each(|(code, &weight)| *code = weight ^ 0x80);
                    panel = codes;
                }
                Encoding::EightBit | Encoding::SevenBit => {}
            }
            if kernel == Kernel::Wide {
                tile::wide::widen_panel(panel, wide_panel);
                // In tests the wide dot stands in for a relaxed one that reads codes as unsigned.
                #[cfg(test)]
                if adds_128 {
                    wide_panel.iter_mut().for_each(|code| *code &= 0xff);
                }
            }
            let corrections = self.matrix.panel_corrections(index);
            for (tile_index, rows) in input.rows.chunks(TILE_ROWS).enumerate() {
                let first = tile_index * TILE_ROWS;
                let input = QuantizedRows { codes: &input.codes[first * stride..], rows };
                let count = rows.len();
                match kernel {
                    Kernel::Wide => {
                        tile::wide::dot(&wide_rows[first * stride..], stride, count, wide_panel, &mut dots);
                    }
                    #[cfg(target_arch = "wasm32")]
                    Kernel::Extmul => tile::extmul::dot(input.codes, stride, count, panel, &mut dots),
                    #[cfg(target_arch = "wasm32")]
                    Kernel::ExtmulOfEightBits => {
                        tile::extmul::dot_of_eight_bits(input.codes, stride, count, panel, &mut dots);
                    }
                    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
                    Kernel::Relaxed => tile::relaxed::dot(input.codes, stride, count, panel, &mut dots),
                    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
                    Kernel::RelaxedInTwoSteps => {
                        tile::relaxed::dot_in_two_steps(input.codes, stride, count, panel, &mut dots);
                    }
                }
                self.finish_tile::<Fastest>(index, corrections, input, &mut dots, &mut output[first..], place);
            }
        }
    }

    /// Turns dot products into outputs: corrections, offsets, scales, bias. The panel's outputs begin at `place` of a
    /// row.
    fn finish_tile<L: Lanes>(
        &self,
        panel: usize,
        corrections: &[(u32, u32)],
        input: QuantizedRows<'_>,
        dots: &mut Dots,
        output: &mut [&mut [f32]],
        place: usize,
    ) {
        let first = panel * PANEL_COLUMNS;
        for &(column, weight_row) in corrections {
            let codes = input.codes.chunks(self.input_stride());
            for ((quantization, dots), codes) in input.rows.iter().zip(&mut *dots).zip(codes) {
                dots[column as usize - first] += i32::from(codes[weight_row as usize]) - quantization.zero_point;
            }
        }
        let offsets: &[i32; PANEL_COLUMNS] = self.offsets[first..].first_chunk().expect("padded to whole panels");
        let sums: &[i32; PANEL_COLUMNS] = self.column_sums[first..].first_chunk().expect("padded to whole panels");
        let scales: &[f32; PANEL_COLUMNS] = self.scales[first..].first_chunk().expect("padded to whole panels");
        let bias: &[f32; PANEL_COLUMNS] = self.bias[first..].first_chunk().expect("padded to whole panels");
        let columns = (self.outputs() - first).min(PANEL_COLUMNS);
        for ((quantization, dots), output) in input.rows.iter().zip(dots).zip(output) {
            let finish = |output: &mut [f32; PANEL_COLUMNS]| {
                finish_row::<L>(quantization, dots, offsets, sums, scales, bias, output)
            };
            match output[place..][..columns].as_mut_array() {
                Some(output) => finish(output),
                None => {
                    let mut finished = [0.0; PANEL_COLUMNS];
                    finish(&mut finished);
                    output[place..][..columns].copy_from_slice(&finished[..columns]);
                }
            }
        }
    }
}

#[inline(always)]
fn finish_row<L: Lanes>(
    quantization: &RowScale,
    dots: &[i32; PANEL_COLUMNS],
    offsets: &[i32; PANEL_COLUMNS],
    sums: &[i32; PANEL_COLUMNS],
    scales: &[f32; PANEL_COLUMNS],
    bias: &[f32; PANEL_COLUMNS],
    output: &mut [f32; PANEL_COLUMNS],
) {
    let sum = L::splat_i32(quantization.sum);
    let zero_point = L::splat_i32(quantization.zero_point);
    let scale = L::splat(quantization.scale);
    let vectors = dots.as_chunks::<4>().0.iter().zip(offsets.as_chunks().0).zip(sums.as_chunks().0);
    let vectors = vectors.zip(scales.as_chunks().0).zip(bias.as_chunks().0).zip(output.as_chunks_mut().0);
    for (((((dots, offsets), sums), scales), bias), output) in vectors {
        let exact = L::load_i32(dots) - L::load_i32(offsets) * sum - L::load_i32(sums) * zero_point;
        L::store(L::convert(exact) * (scale * L::load(scales)) + L::load(bias), output);
    }
}

/// The operands of the dot products of one block of rows, where these are not the stored bytes.
struct Operands<'a> {
    wide_rows: &'a [i16],
    wide_panel: &'a mut [i16],
    codes: &'a mut [u8],
}

impl<'a> Operands<'a> {
    fn prepare(
        dot: PanelDot,
        encoding: Encoding,
        activations: &[i8],
        stride: usize,
        scratch: &'a mut LinearScratch,
    ) -> Self {
        let LinearScratch { wide_rows, wide_panel, codes } = scratch;
        if dot.kernel == Kernel::Wide {
            wide_rows.clear();
            wide_rows.extend(activations.iter().map(|&code| i16::from(code)));
            wide_panel.resize(stride * PANEL_COLUMNS, 0);
        }
        if dot.adds_128 || encoding == Encoding::FourBit {
            codes.resize(stride * PANEL_COLUMNS, 0);
        }
        Self { wide_rows, wide_panel, codes }
    }
}

#[cfg(test)]
mod tests;
