//! The quantisation of a model with float weights. Matrices get seven bits and a scale for each output; tables get
//! eight bits and a scale for each row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::nearest::{bytes, nearest, quantize_row, transposed, widest_scales};
use super::outlier_splitting::Copies;
use crate::convert::float::File;
use crate::convert::float::index::{Index, Initializer, Use};
use crate::convert::float::layers::FloatGraph;
use crate::convert::float::nodes::{self, Rewriter, quantized_name};
use crate::convert::options::Rounding;
use crate::error::{Error, ModelFile, Result};
use crate::kernels::linear::{PackedMatrix, Packer};
use crate::memory::reserve_exact;
use crate::onnx::refusal::{MODEL, no_memory, unsupported};
use crate::onnx::schema::Tensor;
use crate::onnx::schema::floats::widened;
use crate::onnx::{OnnxModel, Table, Weight, WeightStore};

/// Rows of a table read at a time.
const ROWS_AT_ONCE: usize = 256;

/// A model during its quantisation.
#[derive(Debug, Default)]
pub struct Quantization {
    index: Index,
    uses: BTreeMap<String, Use>,
    /// The initializer that is added to the products of each matrix.
    biases: BTreeMap<String, String>,
    /// The copies of neurons, by the name of the matrix before them.
    copies_behind: BTreeMap<String, Copies>,
    /// The copies of neurons, by the name of the matrix after them.
    copies_before: BTreeMap<String, Copies>,
    /// The initializers that stay floats, as TensorProtos.
    kept: BTreeMap<String, Vec<u8>>,
    /// The scales of each matrix and table.
    scales: BTreeMap<String, Vec<f32>>,
    weights: WeightStore,
}

impl Quantization {
    /// Rounds each weight to the nearest integer. `pieces` holds the size of the vocabulary and the pieces that stay;
    /// `None` keeps all.
    ///
    /// The scales of a matrix clip nothing. Scales with the least squared error of the weights move logits further,
    /// since large weights meet large inputs. With [`Rounding::Compensated`], copies of neurons share
    /// outsized weights.
    ///
    /// # Errors
    /// Those of [`has_float_weights`](crate::convert::float::has_float_weights); `unsupported_model` if no table has a
    /// row for each piece.
    pub fn new(file: &mut dyn File, pieces: Option<(usize, &BTreeSet<u32>)>, rounding: Rounding) -> Result<Self> {
        let index = Index::read(file)?;
        let uses = nodes::uses(&index)?;
        let graph = FloatGraph::read(&index, &uses)?;
        let biases = graph.biases();
        let neurons = if rounding == Rounding::Compensated { graph.neurons(&biases) } else { Vec::new() };
        let mut quantization = Self { index, uses, biases, ..Default::default() };
        quantization.copy_neurons(file, neurons)?;
        quantization.round(file, pieces)?;
        Ok(quantization)
    }

    /// Decides which neurons have copies. Each of `layers` is the matrix after some neurons, then the one before them.
    fn copy_neurons(&mut self, file: &mut dyn File, layers: Vec<(String, String)>) -> Result<()> {
        for (second, first) in layers {
            let (initializer, kind) = self.find(&second)?;
            let outputs = self.outputs(initializer, kind);
            if let Some(copies) = Copies::for_outsized(&self.values(file, initializer, kind)?, outputs) {
                self.copies_behind.insert(first, copies.clone());
                self.copies_before.insert(second, copies);
            }
        }
        Ok(())
    }

    fn round(&mut self, file: &mut dyn File, pieces: Option<(usize, &BTreeSet<u32>)>) -> Result<()> {
        let mut pruned = 0;
        for initializer in &self.index.initializers {
            let name = initializer.name.clone();
            match self.uses.get(&name).copied().unwrap_or(Use::Other) {
                Use::Other => {
                    self.kept.insert(name, initializer.whole(file)?);
                }
                Use::Table => {
                    let rows = match pieces {
                        Some((count, rows)) if initializer.rows() >= count => {
                            pruned += 1;
                            Some(rows)
                        }
                        _ => None,
                    };
                    let (table, row_scales) = quantize_table(file, initializer, rows)?;
                    self.weights.insert(quantized_name(&name), Weight::Table(Arc::new(table)));
                    self.scales.insert(name, row_scales);
                }
                kind @ (Use::Matrix | Use::TransposedMatrix) => {
                    let values = self.values(file, initializer, kind)?;
                    let outputs = self.outputs(initializer, kind);
                    let turned = transposed(&values, outputs);
                    let rows = values.len() / outputs;
                    let column_scales = widest_scales(&turned, rows).ok_or_else(|| not_finite(initializer))?;
                    drop(turned);
                    let mut packer = Packer::new(rows, outputs).map_err(|_| no_memory(values.len()))?;
                    for row in values.chunks_exact(outputs) {
                        packer.push(&bytes(&nearest(row, &column_scales)));
                    }
                    self.weights.insert(quantized_name(&name), matrix(packer.finish()));
                    self.scales.insert(name, column_scales);
                }
            }
        }
        if pieces.is_some() && pruned != 1 {
            return Err(unsupported("exactly one of its tables must have a row for each piece".to_owned()));
        }
        for (first, copies) in &self.copies_behind {
            let bias = &self.biases[first];
            let message = self.kept.get_mut(bias).ok_or_else(|| no_matrix(first))?;
            let more = copies.added(&vector(message)?).ok_or_else(|| no_memory(message.len()))?;
            *message = nodes::vector(bias, &more);
        }
        Ok(())
    }

    /// Returns the current model. It shares the weights of this value.
    ///
    /// # Errors
    /// `invalid_model` for damaged nodes.
    pub fn model(&self) -> Result<OnnxModel> {
        let graph = Rewriter::new(&self.index, &self.uses).rewrite(&self.kept, &self.scales, &self.weights)?;
        Ok(OnnxModel { graph, weights: self.weights.clone() })
    }

    /// Returns the names of all matrices in the file, each with its integers.
    pub fn matrices(&self) -> impl Iterator<Item = (&str, &Arc<PackedMatrix>)> {
        self.scales.keys().filter_map(|name| match self.weights.get(&quantized_name(name)) {
            Some(Weight::Matrix { packed, .. }) => Some((&**name, packed)),
            _ => None,
        })
    }

    /// Returns the integers of a matrix.
    ///
    /// # Errors
    /// `internal` if no matrix has this name.
    pub fn matrix(&self, name: &str) -> Result<&Arc<PackedMatrix>> {
        match self.weights.get(&quantized_name(name)) {
            Some(Weight::Matrix { packed, .. }) => Ok(packed),
            _ => Err(no_matrix(name)),
        }
    }

    /// Reads a matrix from the file: inputs × outputs, row after row, copied neurons included.
    ///
    /// # Errors
    /// `internal` if no matrix has this name; `invalid_model` if the file cannot be read; `out_of_memory`.
    pub fn floats(&self, file: &mut dyn File, name: &str) -> Result<Vec<f32>> {
        let (initializer, kind) = self.find(name)?;
        self.values(file, initializer, kind)
    }

    fn values(&self, file: &mut dyn File, initializer: &Initializer, kind: Use) -> Result<Vec<f32>> {
        let mut values = floats(file, initializer, kind)?;
        if let Some(copies) = self.copies_before.get(&initializer.name) {
            values = copies.shared(&values, initializer.outputs(kind)).ok_or_else(|| no_memory(4 * values.len()))?;
        }
        if let Some(copies) = self.copies_behind.get(&initializer.name) {
            values = copies.added(&values).ok_or_else(|| no_memory(4 * values.len()))?;
        }
        Ok(values)
    }

    /// Returns the number of outputs of a matrix's layer, copied neurons included.
    fn outputs(&self, initializer: &Initializer, kind: Use) -> usize {
        initializer.outputs(kind) + self.copies_behind.get(&initializer.name).map_or(0, Copies::count)
    }

    fn find(&self, name: &str) -> Result<(&Initializer, Use)> {
        let initializer = self.index.initializers.iter().find(|it| it.name == name);
        initializer.zip(self.uses.get(name).copied()).ok_or_else(|| no_matrix(name))
    }

    /// Returns the scale of each output of a matrix.
    ///
    /// # Panics
    /// If no matrix has this name.
    pub fn scales(&self, name: &str) -> &[f32] {
        &self.scales[name]
    }

    /// Returns true for a matrix with a bias that nothing else reads.
    pub fn has_bias(&self, name: &str) -> bool {
        self.biases.contains_key(name)
    }

    /// Replaces the integers of a matrix. `shift` is added to its [bias](Self::has_bias), if it has one.
    ///
    /// # Errors
    /// `invalid_model` if the bias cannot be read.
    pub fn replace(&mut self, name: &str, integers: PackedMatrix, scales: Vec<f32>, shift: &[f32]) -> Result<()> {
        self.scales.insert(name.to_owned(), scales);
        self.weights.insert(quantized_name(name), matrix(integers));
        let Some(bias) = self.biases.get(name) else { return Ok(()) };
        let Some(message) = self.kept.get_mut(bias) else { return Ok(()) };
        let shifted: Vec<f32> = vector(message)?.iter().zip(shift).map(|(value, shift)| value + shift).collect();
        *message = nodes::vector(bias, &shifted);
        Ok(())
    }
}

/// Reads the floats of a TensorProto.
fn vector(message: &[u8]) -> Result<Vec<f32>> {
    let tensor = Tensor::read(message)?;
    Ok(widened(tensor.raw_data, tensor.data_type))
}

fn matrix(packed: PackedMatrix) -> Weight {
    Weight::Matrix { packed: Arc::new(packed), unsigned: false }
}

fn floats(file: &mut dyn File, initializer: &Initializer, kind: Use) -> Result<Vec<f32>> {
    let values = initializer.floats(file, 0, initializer.rows())?;
    Ok(if kind == Use::TransposedMatrix { transposed(&values, initializer.columns()) } else { values })
}

fn no_matrix(name: &str) -> Error {
    Error::Internal(format!("no matrix of the model is called {name:?}"))
}

fn quantize_table(
    file: &mut dyn File,
    initializer: &Initializer,
    kept: Option<&BTreeSet<u32>>,
) -> Result<(Table, Vec<f32>)> {
    let (rows, columns) = (initializer.rows(), initializer.columns());
    let count = kept.map_or(rows, BTreeSet::len);
    let mut table = Vec::new();
    reserve_exact(&mut table, count * columns, MODEL)?;
    let mut scales = Vec::with_capacity(count);
    for start in (0..rows).step_by(ROWS_AT_ONCE) {
        let end = rows.min(start + ROWS_AT_ONCE);
        if kept.is_some_and(|kept| kept.range(start as u32..end as u32).next().is_none()) {
            continue;
        }
        let values = initializer.floats(file, start, end)?;
        for (row, values) in (start..end).zip(values.chunks_exact(columns)) {
            if kept.is_none_or(|kept| kept.contains(&(row as u32))) {
                let (integers, scale) = quantize_row(values).ok_or_else(|| not_finite(initializer))?;
                table.extend(bytes(&integers));
                scales.push(scale);
            }
        }
    }
    Ok((Table::new(columns, false, table), scales))
}

fn not_finite(initializer: &Initializer) -> Error {
    let reason = format!("tensor {:?} holds a number that is not finite", initializer.name);
    Error::InvalidModel { file: ModelFile::Model, reason }
}
