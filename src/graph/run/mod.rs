//! A graph as a plan, and the ways to run it.

pub mod exact;
mod load;
mod lockstep;
mod observe;
mod output;
mod profile;
mod rehearsal;
mod speed;

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep::Schedule;
use output::Output;
pub use output::Pooling;
pub use profile::OperatorTime;
pub use speed::Speed;
use tract_core::internal::*;

use crate::error::Result;
use crate::onnx::refusal::{invalid, unsupported};

/// Values that feed one input of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    TokenIds,
    AttentionMask,
    TokenTypeIds,
    /// Consecutive numbers.
    PositionIds,
}

impl Input {
    const ALL: [Self; 4] = [Self::TokenIds, Self::AttentionMask, Self::TokenTypeIds, Self::PositionIds];

    /// The input's name in exported graphs.
    const fn name(self) -> &'static str {
        match self {
            Self::TokenIds => "input_ids",
            Self::AttentionMask => "attention_mask",
            Self::TokenTypeIds => "token_type_ids",
            Self::PositionIds => "position_ids",
        }
    }
}

/// Token ids of one (query, document) pair or of one text, including special tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenSequence {
    pub ids: Vec<u32>,
    /// Segment of each token, for models that separate query and document (BERT). Same length as `ids`.
    pub type_ids: Vec<u32>,
}

/// An encoder ready to run: one plan for all sequence lengths. A cross-encoder computes the logit of a pair, an embedding
/// model the vector of a text.
#[derive(Debug)]
pub struct Encoder {
    plan: Arc<TypedRunnableModel>,
    /// Present if the plan can run several pairs in lockstep.
    schedule: Option<Schedule>,
    /// One entry for each input of the plan, in its order.
    inputs: Vec<Input>,
    /// What the input of positions begins with.
    first_position: i64,
    /// The number of tokens in every pair, of a graph that takes no other. Shorter pairs are padded.
    tokens: Option<usize>,
    output: Output,
}

impl Encoder {
    /// Sets the number of the first position, for a graph that takes these numbers as an input.
    ///
    /// # Errors
    /// `unsupported_model` if the graph has that input and the number is unknown.
    pub fn with_first_position(mut self, first: Option<usize>) -> Result<Self> {
        match first.map(i64::try_from) {
            Some(Ok(first)) => self.first_position = first,
            _ if self.inputs.contains(&Input::PositionIds) => {
                return Err(unsupported(
                    "the graph has an input position_ids; load it with its config.json, which says where positions \
                     begin"
                        .to_owned(),
                ));
            }
            _ => {}
        }
        Ok(self)
    }

    /// Computes the logit of one pair. The pair runs alone, so the result depends only on its tokens.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails, or returns anything but one finite number.
    pub fn logit(&self, sequence: &TokenSequence) -> Result<f32> {
        let output = self.run(sequence)?;
        output::logit(&output, sequence.ids.len())
    }

    /// Computes the vector of one text, without normalisation. The text runs alone, so the result depends only on its
    /// tokens.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails, or returns anything but finite numbers.
    pub fn vector(&self, sequence: &TokenSequence) -> Result<Vec<f32>> {
        let output = self.run(sequence)?;
        output::vector(&output, sequence.ids.len(), self.output)
    }

    fn run(&self, sequence: &TokenSequence) -> Result<TValue> {
        let run = || {
            self.plan
                .run(self.feed(sequence)?)?
                .first()
                .cloned()
                .ok_or_else(|| TractError::msg("the graph has no output"))
        };
        run().map_err(|error| invalid(format!("the graph failed on {} tokens: {error:#}", sequence.ids.len())))
    }

    /// Computes the logits of several pairs, with the bits that [`logit`](Self::logit) gives each. Short pairs take
    /// less time together than alone. The memory is that of one pair with all their tokens.
    ///
    /// # Errors
    /// As [`logit`](Self::logit), if one of them fails.
    pub fn logits(&self, sequences: &[TokenSequence]) -> Result<Vec<f32>> {
        let outputs = self.run_together(sequences)?;
        outputs.iter().zip(sequences).map(|(output, sequence)| output::logit(output, sequence.ids.len())).collect()
    }

    /// Computes the vectors of several texts, with the bits that [`vector`](Self::vector) gives each, as
    /// [`logits`](Self::logits) does.
    ///
    /// # Errors
    /// As [`vector`](Self::vector), if one of them fails.
    pub fn vectors(&self, sequences: &[TokenSequence]) -> Result<Vec<Vec<f32>>> {
        let outputs = self.run_together(sequences)?;
        let vector =
            |(output, sequence): (&TValue, &TokenSequence)| output::vector(output, sequence.ids.len(), self.output);
        outputs.iter().zip(sequences).map(vector).collect()
    }

    fn run_together(&self, sequences: &[TokenSequence]) -> Result<Vec<TValue>> {
        let Some(schedule) = self.schedule.as_ref().filter(|_| sequences.len() > 1) else {
            return sequences.iter().map(|sequence| self.run(sequence)).collect();
        };
        let run = || {
            let feeds = sequences.iter().map(|sequence| self.feed(sequence)).collect::<TractResult<_>>()?;
            schedule.run(&self.plan, feeds)
        };
        run().map_err(|error| invalid(format!("the graph failed on {} sequences: {error:#}", sequences.len())))
    }

    /// Checks the output for a sequence of `length` tokens.
    fn check(&self, output: &Tensor, length: usize) -> Result<()> {
        match self.output {
            Output::Logit => output::logit(output, length).map(drop),
            _ => output::vector(output, length, self.output).map(drop),
        }
    }

    /// Counts the plan's nodes by operator, without constants and inputs.
    pub fn census(&self) -> BTreeMap<String, usize> {
        let mut census = BTreeMap::new();
        for node in self.plan.model().nodes() {
            *census.entry(node.op.name().into_owned()).or_default() += 1;
        }
        census.retain(|name, _| name != "Const" && name != "Source");
        census
    }

    /// Returns the length of every pair in tokens, padding included, if the graph takes no other.
    pub fn tokens(&self) -> Option<usize> {
        self.tokens
    }

    /// The values of the plan's inputs for one pair.
    fn feed(&self, sequence: &TokenSequence) -> TractResult<TVec<TValue>> {
        let length = sequence.ids.len();
        let padded = self.tokens.unwrap_or(length);
        ensure!(length <= padded, "the pair has more than the {padded} tokens that the graph takes");
        let tensor = |values: &mut dyn Iterator<Item = i64>| -> TractResult<TValue> {
            let values: Vec<i64> = values.chain(std::iter::repeat(0)).take(padded).collect();
            Ok(Tensor::from_shape(&[1, padded], &values)?.into_tvalue())
        };
        self.inputs
            .iter()
            .map(|input| match input {
                Input::TokenIds => tensor(&mut sequence.ids.iter().map(|&id| i64::from(id))),
                Input::AttentionMask => tensor(&mut std::iter::repeat_n(1, length)),
                Input::TokenTypeIds => tensor(&mut sequence.type_ids.iter().map(|&id| i64::from(id))),
                Input::PositionIds => tensor(&mut (self.first_position..).take(length)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::Parser;

    #[test]
    fn the_plan_takes_several_rows_of_one_length() {
        let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/standin-tiny/onnx/model_quantized.onnx");
        let mut parser = Parser::new(None);
        parser.push(&std::fs::read(model).unwrap()).unwrap();
        let graph = Encoder::from_onnx(parser.finish().unwrap()).unwrap();
        let rows = [[5, 300, 7, 40, 2], [9, 8, 7, 6, 5]];
        let ids: Vec<i64> = rows.concat();
        let feed = graph.inputs.iter().map(|input| {
            let values = if *input == Input::TokenIds { ids.clone() } else { vec![1; ids.len()] };
            Tensor::from_shape(&[2, 5], &values).unwrap().into_tvalue()
        });
        let output = graph.plan.run(feed.collect()).unwrap();
        let alone = rows.map(|row| {
            let sequence = TokenSequence { ids: row.map(|id| id as u32).to_vec(), type_ids: vec![0; 5] };
            graph.logit(&sequence).unwrap()
        });
        assert_eq!(output[0].view().as_slice::<f32>().unwrap(), alone);
    }
}
