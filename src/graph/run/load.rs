//! Turns an ONNX model into a plan that runs for any batch and sequence length.

use std::collections::HashSet;
use std::sync::Arc;

use tract_core::prelude::*;

use super::lockstep::Schedule;
use super::output::{Output, Pooling, not_one_logit};
use super::{Encoder, Input};
use crate::error::{Error, Result};
use crate::graph::fuse::rewrite::Rewrite;
use crate::graph::fuse::weights::Weights;
use crate::graph::import::simplify::{optimise, simplify};
use crate::graph::import::{hidden_states, import, logit, validate};
use crate::kernels::attention::MAX_KEYS;
use crate::onnx::refusal::{invalid, unsupported};
use crate::onnx::schema::{self, Model};
use crate::onnx::{OnnxModel, WeightStore};

impl Encoder {
    /// Builds the plan. The model has the inputs `input_ids`, `attention_mask` and, in some families, `token_type_ids` and
    /// `position_ids` (int64, batch × sequence); a suffix such as `:0` does not count. Its output `logits` or `score`, or
    /// else its first, is one logit for each row of the batch, or two labels.
    ///
    /// # Errors
    /// `invalid_model` for a damaged file. `unsupported_model` for other inputs, outputs or operators, and for
    /// operators that do not fit together.
    pub fn from_onnx(model: OnnxModel) -> Result<Self> {
        Self::from_onnx_with(model, &Rewrite::ALL)
    }

    /// Builds the plan with these rewrites only. Without rewrites it runs on tract's operators: slow, large, and the
    /// reference of the fused operators' tests.
    ///
    /// # Errors
    /// Those of [`from_onnx`](Self::from_onnx).
    pub fn from_onnx_with(model: OnnxModel, rewrites: &[Rewrite]) -> Result<Self> {
        let encoder = Self::build(model, rewrites, |model, outputs| {
            logit::select(model, outputs)?;
            Ok(Output::Logit)
        })?;
        refuse_many_logits(&encoder.plan)?;
        Ok(encoder)
    }

    /// Builds the plan of an embedding model. The inputs are those of [`from_onnx`](Self::from_onnx). Its output
    /// `last_hidden_state` or `token_embeddings`, or else the first of three axes, is a vector for each token. Without
    /// one, `sentence_embedding` or the first output is a vector for each text.
    ///
    /// # Errors
    /// Those of [`from_onnx`](Self::from_onnx).
    pub fn embedding(model: OnnxModel, pooling: Pooling) -> Result<Self> {
        Self::embedding_with(model, pooling, &Rewrite::ALL)
    }

    /// Builds the plan of an embedding model with these rewrites only.
    ///
    /// # Errors
    /// Those of [`from_onnx`](Self::from_onnx).
    pub fn embedding_with(model: OnnxModel, pooling: Pooling, rewrites: &[Rewrite]) -> Result<Self> {
        Self::build(model, rewrites, |model, outputs| {
            Ok(match hidden_states::select(model, outputs, pooling == Pooling::FirstToken)? {
                hidden_states::Selected::Tokens => Output::Tokens(pooling),
                hidden_states::Selected::Text => Output::Vector,
            })
        })
    }

    /// `select` makes one outlet the model's output, and says what it is.
    fn build(
        model: OnnxModel,
        rewrites: &[Rewrite],
        select: impl FnOnce(&mut TypedModel, &[&str]) -> TractResult<Output>,
    ) -> Result<Self> {
        let OnnxModel { graph, weights } = model;
        let mut file = Model::read(&graph)?;
        validate(&mut file.graph)?;
        let inputs = inputs(&file.graph, &weights)?;
        let tokens = fixed_tokens(&file.graph, &inputs)?;
        let names = inputs.iter().map(|(name, _)| *name);
        let mut model = import(&file, names, tokens, &weights).map_err(refused)?;
        let inputs: Vec<Input> = inputs.into_iter().map(|(_, input)| input).collect();
        let output = select(&mut model, &file.graph.outputs).map_err(refused)?;
        drop(file);
        drop(graph);
        let plan = || -> TractResult<Arc<TypedRunnableModel>> {
            let weights = Weights::new(weights);
            // Most nodes belong to linear layers; decluttering takes a quarter of the time without them.
            if rewrites.contains(&Rewrite::Linear) {
                Rewrite::Linear.apply(&mut model, &weights)?;
            }
            simplify(&mut model)?;
            rewrites.iter().try_for_each(|rewrite| rewrite.apply(&mut model, &weights))?;
            weights.bind_the_rest(&mut model, inputs.len())?;
            optimise(model)?.into_runnable()
        };
        let plan = plan().map_err(refused)?;
        Ok(Self { schedule: Schedule::new(&plan), plan, inputs, first_position: 0, tokens, output })
    }
}

fn refused(error: TractError) -> Error {
    error.downcast().unwrap_or_else(|error| unsupported(format!("{error:#}; try another export of the model")))
}

/// A reranker has one logit for each pair. A classifier has more, and an embedding model has one number for each
/// channel.
fn refuse_many_logits(plan: &TypedRunnableModel) -> Result<()> {
    let fact = plan
        .model()
        .output_fact(0)
        .map_err(|error| invalid(format!("the graph's first output has no shape: {error:#}")))?;
    let numbers = fact.shape.iter().last().and_then(|length| length.as_i64());
    match numbers {
        Some(numbers) if numbers != 1 => Err(not_one_logit(numbers)),
        _ => Ok(()),
    }
}

/// The inputs that a text feeds, with their names in the file; those of the weights follow them.
fn inputs<'file>(graph: &schema::Graph<'file>, weights: &WeightStore) -> Result<Vec<(&'file str, Input)>> {
    let initialised: HashSet<&str> = graph.initializers.iter().map(|tensor| tensor.name).collect();
    graph
        .inputs
        .iter()
        .filter(|name| !initialised.contains(*name) && weights.get(name).is_none())
        .map(|name| {
            // TensorFlow numbers the outputs of an input, too.
            let role = name.split_once(':').map_or(*name, |(role, _)| role);
            let input = Input::ALL.into_iter().find(|input| input.name() == role);
            input.map(|input| (*name, input)).ok_or_else(|| {
                if role.starts_with("past_key") {
                    return unsupported(format!(
                        "the graph is a language model that generates text, as its input {name:?} shows; choose a \
                         cross-encoder, which reads query and document at once"
                    ));
                }
                let known = Input::ALL.map(Input::name).join(", ");
                unsupported(format!(
                    "the graph has an input {name:?}; choose a text cross-encoder, which has only {known}"
                ))
            })
        })
        .collect()
}

/// The number of tokens in a graph that was exported for one pair of this length; `None` if it takes any length.
///
/// # Errors
/// `unsupported_model` for a graph of several pairs, one of several lengths, and one without a mask for padding.
fn fixed_tokens(graph: &schema::Graph<'_>, inputs: &[(&str, Input)]) -> Result<Option<usize>> {
    let sizes =
        graph.inputs.iter().zip(&graph.input_sizes).filter(|(name, _)| inputs.iter().any(|(it, _)| it == *name));
    let mut fixed: Vec<[u64; 2]> = Vec::new();
    for (_, sizes) in sizes {
        match sizes[..] {
            [pairs, Some(tokens)] => fixed.push([pairs.unwrap_or(1), tokens]),
            _ => return Ok(None),
        }
    }
    let dynamic = "export it with dynamic axes for batch and sequence";
    let Some(&[pairs, tokens]) = fixed.first() else { return Ok(None) };
    if pairs != 1 || fixed.iter().any(|it| *it != [pairs, tokens]) {
        return Err(unsupported(format!("the graph takes exactly {pairs} pairs of {tokens} tokens; {dynamic}")));
    }
    if !inputs.iter().any(|(_, input)| *input == Input::AttentionMask) {
        return Err(unsupported(format!(
            "the graph takes exactly {tokens} tokens and has no input attention_mask, which would hide padding; {dynamic}"
        )));
    }
    match usize::try_from(tokens) {
        Ok(tokens) if (1..=MAX_KEYS).contains(&tokens) => Ok(Some(tokens)),
        _ => Err(unsupported(format!(
            "the graph takes exactly {tokens} tokens; the engine reads 1 to {MAX_KEYS}; {dynamic}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::schema::numbers::tensor;
    use crate::onnx::wire::message_of;

    #[test]
    fn inputs_are_known_by_their_role() {
        let names = vec!["attention_mask:0", "input_ids:0", "weight", "token_type_ids"];
        let weight = message_of(&[(tensor::NAME, b"weight")]);
        let initializers = vec![schema::Tensor::read(&weight).unwrap()];
        let mut graph = schema::Graph { inputs: names, initializers, ..Default::default() };
        let roles = inputs(&graph, &WeightStore::default()).unwrap();
        let expected = [
            ("attention_mask:0", Input::AttentionMask),
            ("input_ids:0", Input::TokenIds),
            ("token_type_ids", Input::TokenTypeIds),
        ];
        assert_eq!(roles, expected);
        graph.inputs = vec!["pixel_values"];
        let error = inputs(&graph, &WeightStore::default()).unwrap_err().to_string();
        assert!(error.contains(r#"the graph has an input "pixel_values""#), "{error}");
    }

    #[test]
    fn a_length_is_fixed_if_every_input_says_so() {
        let tokens = |names: &[(&'static str, Input)], sizes: [[Option<u64>; 2]; 2]| {
            let graph = schema::Graph {
                inputs: names.iter().map(|(name, _)| *name).collect(),
                input_sizes: sizes.map(|sizes| sizes.to_vec()).to_vec(),
                ..Default::default()
            };
            fixed_tokens(&graph, names).map_err(|error| error.to_string())
        };
        let masked = [("input_ids", Input::TokenIds), ("attention_mask", Input::AttentionMask)];
        assert_eq!(tokens(&masked, [[Some(1), Some(32)]; 2]), Ok(Some(32)));
        assert_eq!(tokens(&masked, [[None, Some(32)]; 2]), Ok(Some(32)));
        assert_eq!(tokens(&masked, [[None, None]; 2]), Ok(None));
        assert_eq!(tokens(&masked, [[Some(1), Some(32)], [Some(1), None]]), Ok(None));
        let several = tokens(&masked, [[Some(8), Some(32)]; 2]).unwrap_err();
        assert!(
            several.contains("the graph takes exactly 8 pairs of 32 tokens; export it with dynamic axes"),
            "{several}"
        );
        let bare = [("input_ids", Input::TokenIds), ("token_type_ids", Input::TokenTypeIds)];
        let bare = tokens(&bare, [[Some(1), Some(32)]; 2]).unwrap_err();
        assert!(bare.contains("the graph takes exactly 32 tokens and has no input attention_mask"), "{bare}");
    }
}
