//! What a graph's output becomes: the logit of a pair, or the vector of a text.

use tract_core::internal::*;

use crate::error::{Error, Result};
use crate::onnx::refusal::{invalid, unsupported};

/// How an embedding model makes one vector of the vectors of all tokens. The names are those of Sentence Transformers'
/// `pooling_mode_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// `cls_token`: the first token's.
    FirstToken,
    /// `mean_tokens`: the mean of all.
    Mean,
    /// `max_tokens`: the largest number of each column.
    Max,
    /// `lasttoken`: the last token's.
    LastToken,
}

impl Pooling {
    /// Returns the pooling of this name: `cls`, `mean`, `max` or `lasttoken`, as Sentence Transformers calls them.
    ///
    /// # Errors
    /// `invalid_input` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "cls" => Ok(Self::FirstToken),
            "mean" => Ok(Self::Mean),
            "max" => Ok(Self::Max),
            "lasttoken" => Ok(Self::LastToken),
            _ => {
                Err(Error::InvalidInput(format!("the pooling {name:?} is unknown; choose cls, mean, max or lasttoken")))
            }
        }
    }
}

/// What the plan's output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// One number for each pair.
    Logit,
    /// One vector for each text, which the graph pools or picks.
    Vector,
    /// One vector for each token, which [`vector`] pools.
    Tokens(Pooling),
}

pub fn not_one_logit(numbers: impl std::fmt::Display) -> Error {
    unsupported(format!(
        "the graph returns {numbers} numbers for one pair; a reranker returns one; choose a cross-encoder with one label \
         or two, and pass an embedding model to `createEmbedder`"
    ))
}

/// Extracts the logit that the graph computed for a pair of `length` tokens.
pub fn logit(output: &Tensor, length: usize) -> Result<f32> {
    match floats(output)?[..] {
        [logit] if logit.is_finite() => Ok(logit),
        [logit] => {
            Err(invalid(format!("the graph's logit for {length} tokens is {logit}; it must be a finite number")))
        }
        ref logits => Err(not_one_logit(logits.len())),
    }
}

/// Extracts the vector that the graph computed for a text of `length` tokens.
pub fn vector(output: &Tensor, length: usize, kind: Output) -> Result<Vec<f32>> {
    let numbers = floats(output)?;
    let columns = output.shape().last().copied().unwrap_or(0);
    let rows = numbers.len().checked_div(columns).unwrap_or(0);
    let vector = match kind {
        Output::Tokens(pooling) if rows >= length && length > 0 => pool(&numbers[..length * columns], columns, pooling),
        Output::Vector if rows == 1 => numbers,
        _ => {
            return Err(unsupported(format!(
                "the graph returns {rows} vectors for a text of {length} tokens; choose an embedding model that returns \
                 one vector for each token or one for the text"
            )));
        }
    };
    match vector.iter().find(|number| !number.is_finite()) {
        Some(number) => {
            Err(invalid(format!("the graph's vector for {length} tokens holds {number}; it must hold finite numbers")))
        }
        None => Ok(vector),
    }
}

/// Pools rows of `columns` numbers. The sums run from the first row to the last, so that the bits are the same
/// everywhere.
fn pool(rows: &[f32], columns: usize, pooling: Pooling) -> Vec<f32> {
    let all = rows.chunks_exact(columns);
    let count = all.len();
    match pooling {
        Pooling::FirstToken => rows[..columns].to_vec(),
        Pooling::LastToken => rows[(count - 1) * columns..].to_vec(),
        Pooling::Max => all.fold(vec![f32::NEG_INFINITY; columns], |mut largest, row| {
            largest.iter_mut().zip(row).for_each(|(largest, number)| *largest = largest.max(*number));
            largest
        }),
        Pooling::Mean => {
            let sums = all.fold(vec![0.0f64; columns], |mut sums, row| {
                sums.iter_mut().zip(row).for_each(|(sum, number)| *sum += f64::from(*number));
                sums
            });
            sums.into_iter().map(|sum| (sum / count as f64) as f32).collect()
        }
    }
}

fn floats(output: &Tensor) -> Result<Vec<f32>> {
    let numbers =
        || -> TractResult<Vec<f32>> { Ok(output.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec()) };
    numbers().map_err(|error| invalid(format!("the graph's output is no number: {error:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled(kind: Output, shape: &[usize], length: usize) -> Result<Vec<f32>> {
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|number| ((number * 7) % 5) as f32).collect();
        vector(&Tensor::from_shape(shape, &numbers).unwrap(), length, kind)
    }

    #[test]
    fn tokens_are_pooled_without_their_padding() {
        // The rows are 0 2 4, 1 3 0, 2 4 1 and 3 0 2; the last is padding.
        let expected: [(Pooling, [f32; 3]); 4] = [
            (Pooling::FirstToken, [0.0, 2.0, 4.0]),
            (Pooling::Mean, [1.0, 3.0, 5.0 / 3.0]),
            (Pooling::Max, [2.0, 4.0, 4.0]),
            (Pooling::LastToken, [2.0, 4.0, 1.0]),
        ];
        for (pooling, expected) in expected {
            assert_eq!(pooled(Output::Tokens(pooling), &[1, 4, 3], 3).unwrap(), expected);
        }
    }

    #[test]
    fn a_vector_of_the_graph_stays_as_it_is() {
        assert_eq!(pooled(Output::Vector, &[1, 3], 9).unwrap(), [0.0, 2.0, 4.0]);
    }

    #[test]
    fn other_numbers_of_vectors_are_refused() {
        for (kind, shape) in [(Output::Vector, &[2, 3]), (Output::Tokens(Pooling::Mean), &[2, 3])] {
            assert_eq!(pooled(kind, shape, 3).unwrap_err().code(), "unsupported_model");
        }
        let infinite = Tensor::from_shape(&[1, 1], &[f32::INFINITY]).unwrap();
        assert_eq!(vector(&infinite, 1, Output::Vector).unwrap_err().code(), "invalid_model");
    }
}
