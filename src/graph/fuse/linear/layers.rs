//! The layers of one operator, on integers or on floats.

use std::ops::Range;

use tract_core::internal::*;

use crate::graph::fuse::rows::rows_of_a_part;
use crate::kernels::float_linear::{FloatLinear, FloatScratch};
use crate::kernels::linear::quantize::{RowScale, quantize_row_i8};
use crate::kernels::linear::{Linear, LinearScratch, QuantizedRows};
use crate::threads;

/// The name of the kernel of layers on floats.
pub const FLOAT_KERNEL: &str = "f32";

/// At least one layer; all have the same number of inputs.
#[derive(Debug, Clone)]
pub enum Layers {
    Quantized(TVec<Arc<Linear>>),
    Float(TVec<Arc<FloatLinear>>),
}

/// Rows of the input, in the form that the layers read.
#[derive(Debug)]
pub enum PreparedRows<'a> {
    Quantized { codes: Vec<i8>, scales: Vec<RowScale> },
    Floats(&'a [&'a [f32]]),
}

impl PreparedRows<'_> {
    pub fn count(&self) -> usize {
        match self {
            Self::Quantized { scales, .. } => scales.len(),
            Self::Floats(rows) => rows.len(),
        }
    }
}

/// Scratch memory of all layers.
#[derive(Debug, Default)]
pub struct LayerScratch {
    quantized: LinearScratch,
    float: FloatScratch,
}

impl PartialEq for Layers {
    fn eq(&self, other: &Self) -> bool {
        fn same<Layer>(one: &[Arc<Layer>], other: &[Arc<Layer>]) -> bool {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other))
        }
        match (self, other) {
            (Self::Quantized(one), Self::Quantized(other)) => same(one, other),
            (Self::Float(one), Self::Float(other)) => same(one, other),
            _ => false,
        }
    }
}

impl Layers {
    pub fn len(&self) -> usize {
        match self {
            Self::Quantized(layers) => layers.len(),
            Self::Float(layers) => layers.len(),
        }
    }

    /// Length of an input row.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Quantized(layers) => layers[0].inputs(),
            Self::Float(layers) => layers[0].inputs(),
        }
    }

    /// Length of a layer's output row.
    pub fn outputs(&self, layer: usize) -> usize {
        match self {
            Self::Quantized(layers) => layers[layer].outputs(),
            Self::Float(layers) => layers[layer].outputs(),
        }
    }

    /// Returns the kernel of each layer, [`FLOAT_KERNEL`] for one on floats, and the number of its weights.
    pub fn kernels(&self) -> TVec<(&'static str, usize)> {
        match self {
            Self::Quantized(layers) => {
                layers.iter().map(|layer| (layer.kernel().name(), layer.inputs() * layer.outputs())).collect()
            }
            Self::Float(layers) => {
                layers.iter().map(|layer| (FLOAT_KERNEL, layer.inputs() * layer.outputs())).collect()
            }
        }
    }

    /// Appends the layers of another operator. `false` if their kind differs.
    pub fn append(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quantized(layers), Self::Quantized(others)) => layers.extend(others.iter().cloned()),
            (Self::Float(layers), Self::Float(others)) => layers.extend(others.iter().cloned()),
            _ => return false,
        }
        true
    }

    /// Quantises rows if the layers read integers.
    pub fn prepare<'a>(&self, rows: &'a [&'a [f32]]) -> PreparedRows<'a> {
        self.quantize(rows).unwrap_or(PreparedRows::Floats(rows))
    }

    /// The rows as integers, for layers that read these.
    pub fn quantize(&self, rows: &[&[f32]]) -> Option<PreparedRows<'static>> {
        let Self::Quantized(layers) = self else { return None };
        let (codes, scales) = quantize(rows, layers[0].input_stride());
        Some(PreparedRows::Quantized { codes, scales })
    }

    /// [`prepare`](Self::prepare) with the help of idle threads.
    pub fn prepare_together<'a>(&self, rows: &'a [&'a [f32]]) -> PreparedRows<'a> {
        self.quantize_together(rows).unwrap_or(PreparedRows::Floats(rows))
    }

    /// [`quantize`](Self::quantize) with the help of idle threads.
    pub fn quantize_together(&self, rows: &[&[f32]]) -> Option<PreparedRows<'static>> {
        let part_rows = rows_of_a_part(rows.len());
        if part_rows >= rows.len() {
            return self.quantize(rows);
        }
        let Self::Quantized(layers) = self else { return None };
        let stride = layers[0].input_stride();
        let mut parts: Vec<_> = rows.chunks(part_rows).map(|rows| (rows, Default::default())).collect();
        threads::split(parts.iter_mut().collect(), |(rows, quantized)| *quantized = quantize(rows, stride));
        let (codes, scales): (Vec<_>, Vec<_>) = parts.into_iter().map(|(_, quantized)| quantized).unzip();
        Some(PreparedRows::Quantized { codes: codes.concat(), scales: scales.concat() })
    }

    /// Widens a range of a layer's outputs to one that [`write`](Self::write) can compute without the others.
    pub fn whole(&self, layer: usize, outputs: Range<usize>) -> Range<usize> {
        match self {
            Self::Quantized(layers) => layers[layer].whole_panels(outputs),
            Self::Float(_) => outputs,
        }
    }

    /// Writes a range of a layer's outputs, which [`whole`](Self::whole) returned.
    pub fn write(
        &self,
        layer: usize,
        outputs: Range<usize>,
        rows: &PreparedRows<'_>,
        scratch: &mut LayerScratch,
        output: &mut [&mut [f32]],
    ) {
        match (self, rows) {
            (Self::Quantized(layers), PreparedRows::Quantized { codes, scales }) => {
                let rows = QuantizedRows { codes, rows: scales };
                layers[layer].apply_some(outputs, rows, &mut scratch.quantized, output);
            }
            (Self::Float(layers), PreparedRows::Floats(rows)) => {
                layers[layer].apply_some(outputs, rows, &mut scratch.float, output);
            }
            _ => unreachable!("the layers prepared the rows"),
        }
    }
}

fn quantize(rows: &[&[f32]], stride: usize) -> (Vec<i8>, Vec<RowScale>) {
    let mut codes = vec![0; rows.len() * stride];
    let quantized = rows.iter().zip(codes.chunks_exact_mut(stride));
    let scales = quantized.map(|(row, codes)| quantize_row_i8(row, codes)).collect();
    (codes, scales)
}
