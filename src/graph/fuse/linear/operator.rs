//! The fused operator: linear layers that read the same rows, and their activation.
//!
//! Layers on int8 weights quantise each row of their input. In the graph one scale serves the whole tensor. Here each row
//! has a scale, so its result does not depend on the other rows.

use std::ops::Range;

use tract_core::internal::*;

use super::layers::{LayerScratch, Layers, PreparedRows};
use crate::graph::fuse::rows::{eval_rows_apart, output_fact, replace_rows_apart, shared};
use crate::kernels::functions::gelu::{gelu, gelu_tanh};
use crate::kernels::linear::Linear;

/// The fused operator, from rows of `inputs` numbers to rows of other lengths; all axes but the last are rows. Layers
/// that read the same rows, like those for queries, keys and values, share one operator with an output for each.
#[derive(Clone, PartialEq)]
pub struct LinearLayers {
    layers: Layers,
    /// One for each output, or two for the output of a gate.
    parts: TVec<OutputColumns>,
    activation: Activation,
}

/// Some columns of a layer's output. A layer may hold several matrices side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumns {
    pub layer: usize,
    pub columns: Range<usize>,
}

/// What follows the linear layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    None,
    /// Of every output.
    Function(Function),
    /// The function of the first part times the second one, as in GeGLU (Shazeer, *GLU Variants Improve Transformer*,
    /// 2020).
    Gated(Function),
}

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Gelu,
    GeluTanh,
}

impl Function {
    fn apply(self, numbers: &mut [f32]) {
        match self {
            Self::Gelu => gelu(numbers),
            Self::GeluTanh => gelu_tanh(numbers),
        }
    }
}

impl Activation {
    fn function(self) -> Option<Function> {
        match self {
            Self::None => None,
            Self::Function(function) | Self::Gated(function) => Some(function),
        }
    }

    fn is_gate(self) -> bool {
        matches!(self, Self::Gated(_))
    }
}

impl std::fmt::Debug for LinearLayers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (inputs, outputs) = (self.inputs(), self.output_lengths());
        write!(formatter, "{} {{ {inputs} → {outputs:?} }}", self.name())
    }
}

impl Eq for LinearLayers {}

impl LinearLayers {
    /// Length of an input row.
    pub fn inputs(&self) -> usize {
        self.layers.inputs()
    }

    /// Each layer has an output.
    pub fn new(layers: Layers) -> Self {
        let part = |layer: usize| OutputColumns { layer, columns: 0..layers.outputs(layer) };
        Self { parts: (0..layers.len()).map(part).collect(), layers, activation: Activation::None }
    }

    /// Layers on integers. There is at least one; all have the same number of inputs.
    pub fn quantized(layers: TVec<Arc<Linear>>) -> Self {
        Self::new(Layers::Quantized(layers))
    }

    /// A copy with these outputs.
    pub fn with_parts(&self, parts: TVec<OutputColumns>) -> Self {
        Self { parts, ..self.clone() }
    }

    /// Appends the layers of another operator, and their outputs. Returns false if their kind differs.
    pub fn append(&mut self, other: &Self) -> bool {
        let first = self.layers.len();
        let appended = self.layers.append(&other.layers);
        if appended {
            self.parts
                .extend(other.parts.iter().map(|part| OutputColumns { layer: first + part.layer, ..part.clone() }));
        }
        appended
    }

    /// A copy with this activation, which replaces its own.
    pub fn with_activation(&self, activation: Activation) -> Self {
        Self { activation, ..self.clone() }
    }

    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// The layers, if they read integers.
    pub fn quantized_layers(&self) -> Option<&[Arc<Linear>]> {
        match &self.layers {
            Layers::Quantized(layers) => Some(layers),
            Layers::Float(_) => None,
        }
    }

    pub fn parts(&self) -> &[OutputColumns] {
        &self.parts
    }

    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// True if the operator is one layer with its whole output, and no activation.
    pub fn is_one_layer(&self) -> bool {
        match (&self.parts[..], self.activation) {
            ([part], Activation::None) => {
                self.layers.len() == 1 && part.columns.len() == self.layers.outputs(part.layer)
            }
            _ => false,
        }
    }

    /// Numbers in a row of each output.
    pub fn output_lengths(&self) -> TVec<usize> {
        let outputs = if self.activation.is_gate() { 1 } else { self.parts.len() };
        self.parts.iter().take(outputs).map(|part| part.columns.len()).collect()
    }

    /// Computes the outputs for each of several inputs. Their rows run through the layers together; no row depends on
    /// another.
    pub fn eval_together<'a>(&self, inputs: impl IntoIterator<Item = &'a TValue>) -> TractResult<Vec<TVec<TValue>>> {
        eval_rows_apart(inputs, &self.output_lengths(), &|rows, outputs| self.apply(rows, outputs))
    }

    /// Writes the outputs for the rows.
    pub fn apply(&self, rows: &[&[f32]], outputs: &mut [&mut [&mut [f32]]]) {
        self.apply_prepared(&self.layers.prepare(rows), outputs);
    }

    #[inline(never)]
    fn apply_prepared(&self, prepared: &PreparedRows<'_>, outputs: &mut [&mut [&mut [f32]]]) {
        let mut scratch = LayerScratch::default();
        for (part, outputs) in self.parts.iter().zip(&mut *outputs) {
            self.write(part, prepared, &mut scratch, outputs);
            if let Some(function) = self.activation.function() {
                outputs.iter_mut().for_each(|row| function.apply(row));
            }
        }
        if self.activation.is_gate() {
            let width = self.parts[1].columns.len();
            let mut gates = vec![0.0; prepared.count() * width];
            self.write(&self.parts[1], prepared, &mut scratch, &mut gates.chunks_exact_mut(width).collect::<Vec<_>>());
            outputs[0].iter_mut().zip(gates.chunks_exact(width)).for_each(|(row, gates)| multiply(row, gates));
        }
    }

    /// Writes some columns of a layer.
    fn write(
        &self,
        part: &OutputColumns,
        rows: &PreparedRows<'_>,
        scratch: &mut LayerScratch,
        outputs: &mut [&mut [f32]],
    ) {
        let whole = self.layers.whole(part.layer, part.columns.clone());
        if whole == part.columns {
            return self.layers.write(part.layer, whole, rows, scratch, outputs);
        }
        let (width, first) = (whole.len(), part.columns.start - whole.start);
        let mut wide = vec![0.0; outputs.len() * width];
        self.layers.write(part.layer, whole, rows, scratch, &mut wide.chunks_exact_mut(width).collect::<Vec<_>>());
        for (output, wide) in outputs.iter_mut().zip(wide.chunks_exact(width)) {
            output.copy_from_slice(&wide[first..][..part.columns.len()]);
        }
    }

    /// The outputs, from the whole rows of each layer side by side.
    pub fn outputs_of(&self, layers: &[&[f32]]) -> TVec<Vec<f32>> {
        let columns = |part: &OutputColumns| -> Vec<f32> {
            let rows = layers[part.layer].chunks_exact(self.layers.outputs(part.layer));
            rows.flat_map(|row| &row[part.columns.clone()]).copied().collect()
        };
        let mut outputs: TVec<Vec<f32>> = self.parts.iter().map(columns).collect();
        if let Some(function) = self.activation.function() {
            let activated = if self.activation.is_gate() { 1 } else { outputs.len() };
            outputs[..activated].iter_mut().for_each(|output| function.apply(output));
        }
        if self.activation.is_gate() {
            let gates = outputs.pop().expect("a gate has two parts");
            multiply(&mut outputs[0], &gates);
        }
        outputs
    }
}

fn multiply(numbers: &mut [f32], factors: &[f32]) {
    numbers.iter_mut().zip(factors).for_each(|(number, factor)| *number *= factor);
}

impl Op for LinearLayers {
    fn name(&self) -> StaticName {
        let layers = if matches!(self.layers, Layers::Float(_)) { "FloatLinear" } else { "QuantizedLinear" };
        match self.activation {
            Activation::None => layers.into(),
            Activation::Function(function) => format!("{layers}{function:?}").into(),
            Activation::Gated(function) => format!("{layers}Gated{function:?}").into(),
        }
    }

    op_as_typed_op!();
}

impl EvalOp for LinearLayers {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        if self.output_lengths()[..] == [self.inputs()] && self.quantized_layers().is_some() {
            // The layers read integers, so each row has room for its output.
            let output = replace_rows_apart(inputs.remove(0), &|rows| {
                let prepared = self.layers.quantize(&shared(rows)).expect("the layers read integers");
                self.apply_prepared(&prepared, &mut [rows]);
            })?;
            return Ok(tvec![output]);
        }
        self.eval_together(&inputs)?.pop().context("the linear operator returned nothing for its input")
    }
}

impl TypedOp for LinearLayers {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let length = inputs[0].shape.last().context("the input of a linear layer is a scalar instead of rows")?;
        ensure!(
            *length == self.inputs().to_dim(),
            "the rows of a linear layer have {length} numbers instead of {}",
            self.inputs()
        );
        self.output_lengths().iter().map(|&length| output_fact(inputs[0], length)).collect()
    }

    as_op!();
}
