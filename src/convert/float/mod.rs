//! An ONNX file with float weights to the form that the engine runs: the graph as onnxruntime's dynamic quantisation writes
//! it, with better weights. Matrices get seven bits and a scale for each output, tables eight bits and a scale for each row,
//! every scale the one with the least squared error.
//!
//! The file is read where it is needed, one matrix or a few rows at a time; its size does not matter.

mod index;
mod nodes;
mod quantize;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::sync::Arc;

use index::{Index, Initializer};
use nodes::Rewriter;
use quantize::{column_scales, nearest, quantize_row};

use super::feedback::Feedback;
use crate::error::{Error, ModelFile, Result};
use crate::kernels::pack::Packer;
use crate::onnx::refusal::{no_memory, unsupported};
use crate::onnx::{OnnxModel, Table, Weight, WeightStore};

/// A file that can be read anywhere.
pub trait File: Read + Seek {}

impl<Any: Read + Seek> File for Any {}

/// Rows of a table that are read at a time.
const ROWS_AT_ONCE: usize = 256;

/// What an initializer is to the nodes that read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Second operand of a product, its rows the contraction.
    Matrix,
    /// The same with its columns the contraction.
    TransposedMatrix,
    Table,
    /// Anything else: it stays as it is.
    Other,
}

/// True of a file with a float matrix that could have fewer bits.
///
/// # Errors
/// `invalid_model`, `unsupported_model` and `out_of_memory` for what is wrong with the file.
pub fn has_float_weights(file: &mut dyn File) -> Result<bool> {
    let index = Index::read(file)?;
    Ok(nodes::uses(&index)?.values().any(|kind| matches!(kind, Use::Matrix | Use::TransposedMatrix)))
}

/// What is known of the inputs of the matrix that has this name in the quantised model.
pub type FeedbackOf<'a> = dyn Fn(&str) -> Option<Feedback> + 'a;

/// Quantises a model. `pieces` says how many pieces the vocabulary has and which of them stay, all where it is `None`.
/// Matrices with a feedback are rounded for the least error of their outputs, others to the nearest.
///
/// # Errors
/// Those of [`has_float_weights`]; `unsupported_model` where no table has a row for each piece.
pub fn quantize(
    file: &mut dyn File,
    pieces: Option<(usize, &BTreeSet<u32>)>,
    feedback_of: &FeedbackOf<'_>,
) -> Result<OnnxModel> {
    let index = Index::read(file)?;
    let uses = nodes::uses(&index)?;
    let mut weights = WeightStore::default();
    let mut kept = Vec::new();
    let mut scales = BTreeMap::new();
    let mut pruned = 0;
    for initializer in &index.initializers {
        match uses.get(&initializer.name).copied().unwrap_or(Use::Other) {
            Use::Other => kept.push(initializer.whole(file)?),
            Use::Table => {
                let rows = match pieces {
                    Some((count, rows)) if initializer.rows() >= count => {
                        pruned += 1;
                        Some(rows)
                    }
                    _ => None,
                };
                let (table, row_scales) = quantize_table(file, initializer, rows)?;
                weights.insert(quantized_name(&initializer.name), Weight::Table(Arc::new(table)));
                scales.insert(initializer.name.clone(), row_scales);
            }
            kind => {
                let name = quantized_name(&initializer.name);
                let is_transposed = kind == Use::TransposedMatrix;
                let feedback = feedback_of(&name);
                let (matrix, column_scales) = quantize_matrix(file, initializer, is_transposed, feedback.as_ref())?;
                weights.insert(name, matrix);
                scales.insert(initializer.name.clone(), column_scales);
            }
        }
    }
    if pieces.is_some() && pruned != 1 {
        return Err(unsupported("not just one of its tables has a row for each piece".to_owned()));
    }
    let graph = Rewriter::new(&index, &uses).rewrite(&kept, &scales, &weights)?;
    Ok(OnnxModel { graph, weights })
}

fn quantized_name(name: &str) -> String {
    format!("{name}_quantized")
}

fn quantize_matrix(
    file: &mut dyn File,
    initializer: &Initializer,
    is_transposed: bool,
    feedback: Option<&Feedback>,
) -> Result<(Weight, Vec<f32>)> {
    let values = initializer.floats(file, 0, initializer.rows())?;
    let (first, second) = (initializer.rows(), initializer.columns());
    let turned = transposed(&values, second);
    let (rows, columns, by_rows, by_columns) =
        if is_transposed { (second, first, turned, values) } else { (first, second, values, turned) };
    let scales = column_scales(&by_columns, rows).ok_or_else(|| not_finite(initializer))?;
    drop(by_columns);
    let mut packer = Packer::new(rows, columns).map_err(|_| no_memory(rows * columns))?;
    let mut push = |values: &[f32], rounded: &mut [f32]| {
        let integers = values.iter().zip(&scales).zip(rounded).map(|((&value, &scale), rounded)| {
            let integer = nearest(value, scale);
            *rounded = f32::from(integer) * scale;
            integer as u8
        });
        packer.push(&integers.collect::<Vec<u8>>());
    };
    match feedback {
        Some(feedback) => feedback.round(&by_rows, columns, &mut |_, values, rounded| push(values, rounded)),
        None => {
            let mut rounded = vec![0.0; columns];
            by_rows.chunks_exact(columns).for_each(|row| push(row, &mut rounded));
        }
    }
    Ok((Weight::Matrix { packed: Arc::new(packer.finish()), unsigned: false }, scales))
}

fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| values[column..].iter().step_by(columns).copied()).collect()
}

fn quantize_table(
    file: &mut dyn File,
    initializer: &Initializer,
    kept: Option<&BTreeSet<u32>>,
) -> Result<(Table, Vec<f32>)> {
    let (rows, columns) = (initializer.rows(), initializer.columns());
    let count = kept.map_or(rows, BTreeSet::len);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count * columns).map_err(|_| no_memory(count * columns))?;
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
                bytes.extend(integers.iter().map(|&integer| integer as u8));
                scales.push(scale);
            }
        }
    }
    Ok((Table::new(columns, false, bytes), scales))
}

fn not_finite(initializer: &Initializer) -> Error {
    let reason = format!("{:?} holds something that is no finite number", initializer.name);
    Error::InvalidModel { file: ModelFile::Model, reason }
}
