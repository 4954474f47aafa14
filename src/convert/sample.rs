//! The sample of a conversion: pairs of texts on which it observes layers and measures its error.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::progress::{OnProgress, Phase};
use crate::error::{Error, Result};
use crate::graph::{Encoder, TokenSequence};
use crate::kernels::linear::PackedMatrix;
use crate::tokenizer::{Single, Tokenizer};

/// The built-in sample, in the form of [`read_pairs`]: questions and search words of many fields and some languages.
/// The passages answer them, only share their subject, or neither.
pub const PAIRS: &str = include_str!("sample.tsv");

/// Rows of each layer's input that are kept, and those of them for measuring errors.
const ROWS: usize = 1024;
const MEASURED_ROWS: usize = 24;

/// Reads pairs from a text. Each line holds a query, a tab and a document; blank lines are skipped.
///
/// # Errors
/// `invalid_input` for a line without a tab.
pub fn read_pairs(text: &str) -> Result<Vec<(String, String)>> {
    let pair = |(number, line): (usize, &str)| {
        let (query, document) = line.split_once('\t').ok_or_else(|| {
            Error::InvalidInput(format!("line {number} of the sample has no tab between query and document"))
        })?;
        Ok((query.to_owned(), document.to_owned()))
    };
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).map(pair).collect()
}

/// Tokenises the pairs for a reranker, or each of their texts for an embedding model.
///
/// # Errors
/// Those of the tokenizer.
pub fn sequences(
    tokenizer: &Tokenizer,
    pairs: &[(String, String)],
    max_tokens: usize,
    is_embedding: bool,
) -> Result<Vec<TokenSequence>> {
    if is_embedding {
        let budget = tokenizer.single_budget(max_tokens)?;
        let texts = pairs.iter().flat_map(|(query, document)| [query, document]);
        return texts
            .map(|text| {
                let Single { ids, type_ids, .. } = tokenizer.single(text, budget)?;
                Ok(TokenSequence { ids, type_ids })
            })
            .collect();
    }
    let sequence = |(query, document): &(String, String)| {
        let pair = tokenizer.pair(&tokenizer.query(query, max_tokens)?, document)?;
        Ok(TokenSequence { ids: pair.ids, type_ids: pair.type_ids })
    };
    pairs.iter().map(sequence).collect()
}

/// Some input rows of a layer, and their scales.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub rows: Vec<Vec<f32>>,
    scales: Vec<f32>,
}

/// Returns some input rows of each layer on the sample, by the address of its matrix.
///
/// # Errors
/// Those of the graph.
pub fn observe(
    graph: &Encoder,
    sample: &[TokenSequence],
    progress: &mut OnProgress<'_>,
) -> Result<BTreeMap<*const PackedMatrix, Seen>> {
    let mut all: BTreeMap<*const PackedMatrix, Seen> = BTreeMap::new();
    let of_each = ROWS.div_ceil(sample.len().max(1));
    for (index, sequence) in sample.iter().enumerate() {
        graph.observe(sequence, &mut |layer, rows| {
            let seen = all.entry(Arc::as_ptr(layer.matrix())).or_default();
            seen.scales = layer.scales().to_vec();
            let count = rows.len() / layer.inputs();
            let step = count.div_ceil(of_each).max(1);
            let rows = rows.chunks_exact(layer.inputs()).step_by(step).map(<[f32]>::to_vec);
            seen.rows.extend(rows.take(of_each));
        })?;
        progress(Phase::Observe, index + 1, sample.len());
    }
    Ok(all)
}

impl Seen {
    /// Returns the relative change of the layer's outputs from the weights `before` to `after`: the root of the ratio
    /// of the sums of squares.
    pub fn error(&self, before: &PackedMatrix, after: &PackedMatrix) -> f64 {
        let columns = before.columns();
        let [exact, moved] = [before, after].map(PackedMatrix::unpack);
        let (mut size, mut distance) = (0.0, 0.0);
        let step = self.rows.len().div_ceil(MEASURED_ROWS).max(1);
        for row in self.rows.iter().step_by(step) {
            let mut sums = vec![(0f32, 0f32); columns];
            for ((&x, exact), moved) in row.iter().zip(exact.chunks_exact(columns)).zip(moved.chunks_exact(columns)) {
                for ((sum, &exact), &moved) in sums.iter_mut().zip(exact).zip(moved) {
                    sum.0 += x * f32::from(exact as i8);
                    sum.1 += x * (f32::from(exact as i8) - f32::from(moved as i8));
                }
            }
            for ((sum, difference), scale) in sums.into_iter().zip(&self.scales) {
                size += f64::from(sum * scale).powi(2);
                distance += f64::from(difference * scale).powi(2);
            }
        }
        if size > 0.0 { (distance / size).sqrt() } else { 0.0 }
    }
}

/// What a model returns for a sequence: its logit, or the numbers of its unit vector.
pub type Output = Vec<f64>;

/// The change of the sample's outputs. Two logits have a distance, and two vectors the cosine distance 1 − cos.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OutputError {
    /// Sequences in the sample: pairs, or texts.
    pub pairs: usize,
    /// Mean distance of the outputs.
    pub mean: f64,
    pub largest: f64,
    /// The yardstick for a distance: the standard deviation of the logits before, or the mean distance of the vectors of
    /// neighbours in the sample.
    pub spread: f64,
}

/// The reference for measuring the bundle: sequences in its tokens, and their outputs from the original model.
#[derive(Debug)]
pub struct Reference {
    pub sample: Vec<TokenSequence>,
    pub outputs: Vec<Output>,
}

/// Computes the outputs of the sample. `is_last` marks the second half of all measurements, for the progress.
///
/// # Errors
/// Those of the graph.
pub fn outputs(
    graph: &Encoder,
    sample: &[TokenSequence],
    is_embedding: bool,
    is_last: bool,
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Output>> {
    let before = if is_last { sample.len() } else { 0 };
    let output = |(index, sequence)| {
        let output = match is_embedding {
            true => graph.vector(sequence).map(unit),
            false => graph.logit(sequence).map(|logit| vec![f64::from(logit)]),
        };
        progress(Phase::Measure, before + index + 1, 2 * sample.len());
        output
    };
    sample.iter().enumerate().map(output).collect()
}

fn unit(vector: Vec<f32>) -> Output {
    let numbers: Output = vector.into_iter().map(f64::from).collect();
    let length = numbers.iter().map(|number| number * number).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    numbers.into_iter().map(|number| number / length).collect()
}

fn distance(before: &Output, after: &Output) -> f64 {
    match (&before[..], &after[..]) {
        ([before], [after]) => (before - after).abs(),
        // Rounding can make the cosine of equal vectors larger than 1.
        _ => (1.0 - before.iter().zip(after).map(|(before, after)| before * after).sum::<f64>()).max(0.0),
    }
}

impl OutputError {
    /// Compares outputs after a conversion with those before, in the same order.
    pub fn new(before: &[Output], after: &[Output]) -> Self {
        let count = before.len().max(1) as f64;
        let distances: Vec<f64> = before.iter().zip(after).map(|(before, after)| distance(before, after)).collect();
        let are_logits = before.iter().all(|output| output.len() == 1);
        let spread = if are_logits {
            let mean = before.iter().map(|logit| logit[0]).sum::<f64>() / count;
            (before.iter().map(|logit| (logit[0] - mean).powi(2)).sum::<f64>() / count).sqrt()
        } else {
            before.windows(2).map(|two| distance(&two[0], &two[1])).sum::<f64>() / (count - 1.0).max(1.0)
        };
        Self {
            pairs: before.len(),
            mean: distances.iter().sum::<f64>() / count,
            largest: distances.iter().copied().fold(0.0, f64::max),
            spread,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_and_keeps_its_text_private() {
        assert_eq!(read_pairs("q\td\n \nr\te\tf\n").unwrap(), [("q", "d"), ("r", "e\tf")].map(owned));
        let error = read_pairs("q\td\n\nsecret\n").unwrap_err();
        assert_eq!(error.code(), "invalid_input");
        assert_eq!(error.to_string(), "line 3 of the sample has no tab between query and document");
    }

    fn owned((query, document): (&str, &str)) -> (String, String) {
        (query.to_owned(), document.to_owned())
    }
}
