//! Wires the nodes of an ONNX graph as tract's typed operators, in the order of the file.

pub mod coordinates;
pub mod gather;
pub mod gelu;
pub mod logit;
pub mod operators;
#[cfg(test)]
mod referee;
pub mod tanh;
mod tensor;
mod trigonometry;
mod validate;

use std::collections::{BTreeMap, HashMap};

use operators::{MAX_CONSTANT_NUMBERS, Wiring, lookup};
use tensor::tensor;
use tract_core::internal::*;
pub use validate::validate;

use crate::onnx::WeightStore;
use crate::onnx::refusal::{unsupported, unsupported_form};
use crate::onnx::schema::{Model, Node};

/// The number of rows of an input.
pub const BATCH: &str = "batch";

/// The number of tokens in a row of an input.
pub const SEQUENCE: &str = "sequence";

/// Imports a model. Its first inputs are `text_inputs`, tables of int64 numbers; one input for each weight follows. The
/// caller has validated the names in `file`.
pub fn import<'names>(
    file: &Model<'_>,
    text_inputs: impl IntoIterator<Item = &'names str>,
    weights: &WeightStore,
) -> TractResult<TypedModel> {
    refuse_unknown_operators(&file.nodes)?;
    let mut model = TypedModel::default();
    let mut outlets: HashMap<&str, OutletId> = HashMap::new();
    let text_shape = [BATCH, SEQUENCE].map(|size| TDim::from(model.symbols.sym(size)));
    for name in text_inputs {
        outlets.insert(name, model.add_source(name, i64::fact(&text_shape))?);
    }
    for (name, weight) in weights.iter() {
        let datum_type = if weight.unsigned() { u8::datum_type() } else { i8::datum_type() };
        let fact = datum_type.fact([weight.rows(), weight.columns()]);
        outlets.insert(name, model.add_source(name, fact)?);
    }
    for initializer in &file.initializers {
        outlets.insert(initializer.name, model.add_const(initializer.name, tensor(initializer)?)?);
    }
    let mut constants_left = MAX_CONSTANT_NUMBERS;
    for (index, node) in file.nodes.iter().enumerate() {
        let outputs = wire(node, index, file.version, &outlets, &mut model, &mut constants_left)
            .with_context(|| format!("node {:?} ({}, opset {})", node.name, node.operator, file.version))?;
        outlets.extend(node.outputs.iter().copied().zip(outputs).filter(|(name, _)| !name.is_empty()));
    }
    let outputs = file
        .outputs
        .iter()
        .map(|output| outlets.get(output).copied().with_context(|| format!("no node computes the output {output:?}")))
        .collect::<TractResult<Vec<_>>>()?;
    model.select_output_outlets(&outputs)?;
    Ok(model)
}

fn refuse_unknown_operators(nodes: &[Node<'_>]) -> TractResult<()> {
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut other_form = false;
    for node in nodes.iter().filter(|node| lookup(node).is_none()) {
        // Operators of onnxruntime, and those of the form QOperator.
        other_form |= !node.is_standard() || node.operator.starts_with("QLinear");
        let domain = if node.domain.is_empty() { String::new() } else { format!("{}.", node.domain) };
        *unknown.entry(format!("{domain}{}", node.operator)).or_default() += 1;
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = unknown.into_iter().map(|(operator, count)| format!("{operator} ({count})")).collect();
    let reason = format!("the graph uses operators that the engine does not support: {}", list.join(", "));
    Err(if other_form { unsupported_form(reason) } else { unsupported(reason) }.into())
}

fn wire(
    node: &Node<'_>,
    index: usize,
    version: i64,
    outlets: &HashMap<&str, OutletId>,
    model: &mut TypedModel,
    constants_left: &mut usize,
) -> TractResult<TVec<OutletId>> {
    let inputs = node
        .inputs
        .iter()
        .map(|&name| match name {
            "" => Ok(None),
            name => outlets
                .get(name)
                .copied()
                .map(Some)
                .with_context(|| format!("no node before it computes its input {name:?}")),
        })
        .collect::<TractResult<Vec<_>>>()?;
    let wire = lookup(node).context("the engine does not support this operator")?;
    // The index makes the name unique, even if several nodes of the file share one.
    let name = format!("{index}:{}", node.name);
    wire(&mut Wiring::new(node, name, version, inputs, model, constants_left))
}
