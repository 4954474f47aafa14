//! An ONNX model to a plan that takes any batch and sequence length.

use std::collections::{BTreeMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, TensorProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use super::validate::validate;
use super::{Graph, Input, broken};
use crate::error::{Error, ModelFile, Result};
use crate::onnx::{OnnxModel, WeightStore};

impl Graph {
    /// Builds the plan from a model with inputs `input_ids`, `attention_mask` and, for BERT, `token_type_ids` (all int64,
    /// batch × sequence) and one logit for each row of the batch as its first output.
    ///
    /// # Errors
    /// `invalid_model` for a graph that is not sound, `unsupported_model` for other inputs or operators.
    pub fn from_onnx(model: OnnxModel) -> Result<Self> {
        let OnnxModel { graph, weights } = model;
        let mut proto = decode(&graph)?;
        drop(graph);
        put_weights_back(&mut proto, weights);
        validate(&proto)?;
        let inputs = inputs(&proto)?;
        let model = infer(proto, &inputs).map_err(|error| unsupported(format!("{error:#}")))?;
        let plan = model
            .into_optimized()
            .and_then(TypedModel::into_runnable)
            .map_err(|error| unsupported(format!("{error:#}")))?;
        Ok(Self { plan, inputs })
    }
}

fn decode(bytes: &[u8]) -> Result<ModelProto> {
    tract_onnx::onnx()
        .proto_model_for_read(&mut &*bytes)
        .map_err(|error| broken(format!("not a complete ONNX file: {error:#}")))
}

/// Makes the weights initializers again, for the stock operators.
fn put_weights_back(proto: &mut ModelProto, weights: WeightStore) {
    let Some(graph) = &mut proto.graph else { return };
    let names: HashSet<&str> = weights.names().collect();
    graph.input.retain(|input| !names.contains(&*input.name));
    for (name, weight) in weights {
        graph.initializer.push(TensorProto {
            dims: vec![weight.rows() as i64, weight.columns() as i64],
            data_type: if weight.unsigned() { DataType::Uint8 } else { DataType::Int8 } as i32,
            name,
            raw_data: weight.into_raw_data(),
            ..TensorProto::default()
        });
    }
}

fn inputs(proto: &ModelProto) -> Result<Vec<Input>> {
    let graph = proto.graph.as_ref().ok_or_else(|| broken("it holds no graph".to_owned()))?;
    let initialised: HashSet<&str> = graph.initializer.iter().map(|tensor| &*tensor.name).collect();
    graph
        .input
        .iter()
        .map(|input| &*input.name)
        .filter(|name| !initialised.contains(name))
        .map(|name| match name {
            "input_ids" => Ok(Input::TokenIds),
            "attention_mask" => Ok(Input::AttentionMask),
            "token_type_ids" => Ok(Input::TokenTypeIds),
            _ => Err(unsupported(format!(
                "the graph wants an input {name:?}; a text cross-encoder takes input_ids, attention_mask, token_type_ids"
            ))),
        })
        .collect()
}

fn infer(proto: ModelProto, inputs: &[Input]) -> TractResult<TypedModel> {
    let onnx = tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
    let parsed = onnx.parse(&proto, None)?;
    ensure!(parsed.unresolved_inputs.is_empty(), "names that nothing defines: {:?}", parsed.unresolved_inputs);
    drop(proto);
    let mut model = parsed.model;
    let batch = model.symbols.sym("batch");
    let sequence = model.symbols.sym("sequence");
    for index in 0..inputs.len() {
        model.set_input_fact(
            index,
            InferenceFact::dt_shape(i64::datum_type(), tvec!(batch.clone(), sequence.clone())),
        )?;
    }
    let model = model.into_typed()?;
    let unknown: BTreeMap<String, usize> = model
        .nodes
        .iter()
        .filter(|node| node.op_is::<tract_onnx::tract_hir::ops::unimpl::UnimplementedOp>())
        .fold(BTreeMap::new(), |mut counts, node| {
            *counts.entry(node.op.name().into_owned()).or_default() += 1;
            counts
        });
    ensure!(unknown.is_empty(), "operators that are not supported: {unknown:?}");
    model.into_decluttered()
}

fn unsupported(reason: String) -> Error {
    Error::UnsupportedModel { file: ModelFile::Model, reason }
}
