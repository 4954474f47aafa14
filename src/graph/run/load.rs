//! An ONNX model to a plan that takes any batch and sequence length.

use std::collections::HashSet;
use std::sync::Arc;

use tract_core::prelude::*;

use super::lockstep::Schedule;
use super::{Graph, Input, not_one_logit};
use crate::error::{Error, Result};
use crate::graph::fuse::rewrite::Rewrite;
use crate::graph::fuse::weights::Weights;
use crate::graph::import::{import, validate};
use crate::onnx::refusal::{invalid, unsupported};
use crate::onnx::schema::Model;
use crate::onnx::{OnnxModel, WeightStore};

impl Graph {
    /// Builds the plan from a model with inputs `input_ids`, `attention_mask` and, for BERT, `token_type_ids` (all int64,
    /// batch × sequence) and one logit for each row of the batch as its first output.
    ///
    /// # Errors
    /// `invalid_model` for a file that is not sound, `unsupported_model` for other inputs, outputs or operators, and for
    /// operators that do not fit together.
    pub fn from_onnx(model: OnnxModel) -> Result<Self> {
        Self::from_onnx_with(model, &Rewrite::ALL)
    }

    /// The same with these rewrites only. Without any it runs on tract's own operators: slow, large, and what the fused
    /// ones are tested against.
    ///
    /// # Errors
    /// Those of [`from_onnx`](Self::from_onnx).
    pub fn from_onnx_with(model: OnnxModel, rewrites: &[Rewrite]) -> Result<Self> {
        let OnnxModel { graph, weights } = model;
        let file = Model::read(&graph)?;
        validate(&file)?;
        let inputs = inputs(&file, &weights)?;
        let mut model = import(&file, inputs.iter().map(|input| input.name()), &weights).map_err(refused)?;
        drop(file);
        drop(graph);
        let plan = || -> TractResult<Arc<TypedRunnableModel>> {
            let weights = Weights::new(weights);
            // Most nodes belong to linear layers: without them the rest is decluttered in a quarter of the time.
            if rewrites.contains(&Rewrite::Linear) {
                Rewrite::Linear.apply(&mut model, &weights)?;
            }
            model.declutter()?;
            rewrites.iter().try_for_each(|rewrite| rewrite.apply(&mut model, &weights))?;
            weights.bind_the_rest(&mut model, inputs.len())?;
            model.into_optimized()?.into_runnable()
        };
        let plan = plan().map_err(refused)?;
        refuse_many_logits(&plan)?;
        Ok(Self { schedule: Schedule::new(&plan), plan, inputs })
    }
}

fn refused(error: TractError) -> Error {
    error.downcast().unwrap_or_else(|error| unsupported(format!("{error:#}")))
}

/// A reranker has one logit for each pair; a classifier has more, and an embedding model a number for each channel.
fn refuse_many_logits(plan: &TypedRunnableModel) -> Result<()> {
    let fact = plan.model().output_fact(0).map_err(|error| invalid(format!("it has no output: {error:#}")))?;
    let numbers = fact.shape.iter().last().and_then(|length| length.as_i64());
    match numbers {
        Some(numbers) if numbers != 1 => Err(not_one_logit(numbers)),
        _ => Ok(()),
    }
}

/// The inputs that a text feeds; the weights' are behind them.
fn inputs(file: &Model<'_>, weights: &WeightStore) -> Result<Vec<Input>> {
    let initialised: HashSet<&str> = file.initializers.iter().map(|tensor| tensor.name).collect();
    file.inputs
        .iter()
        .filter(|name| !initialised.contains(*name) && weights.get(name).is_none())
        .map(|name| {
            Input::ALL.into_iter().find(|input| input.name() == *name).ok_or_else(|| {
                let known = Input::ALL.map(Input::name).join(", ");
                unsupported(format!("the graph wants an input {name:?}; a text cross-encoder takes {known}"))
            })
        })
        .collect()
}
