//! The nodes of an ONNX graph to tract's typed operators, in the order that the file has them.

pub mod gather;
pub mod operators;
pub mod proto;
mod tanh;
mod tensor;
pub mod validate;

use std::collections::{BTreeMap, HashMap};

use tract_core::internal::*;

use crate::onnx::WeightStore;
use operators::{MAX_CONSTANT_NUMBERS, Node, lookup};
use proto::{ModelProto, NodeProto};
use tensor::tensor;

/// The model with an input for each of `text_inputs`, tables of int64 numbers, and one for each of the weights behind
/// them. The names in `proto` must be valid.
pub fn import<'names>(
    proto: ModelProto,
    text_inputs: impl IntoIterator<Item = &'names str>,
    weights: &WeightStore,
) -> TractResult<TypedModel> {
    let version = proto
        .opset_import
        .iter()
        .find(|import| matches!(&*import.domain, "" | "ai.onnx"))
        .map_or(0, |import| import.version);
    let graph = proto.graph.context("it holds no graph")?;
    refuse_unknown_operators(&graph.node)?;
    let mut model = TypedModel::default();
    let mut outlets: HashMap<String, OutletId> = HashMap::new();
    let text_shape = [model.symbols.sym("batch"), model.symbols.sym("sequence")].map(TDim::from);
    for name in text_inputs {
        outlets.insert(name.to_owned(), model.add_source(name, i64::fact(&text_shape))?);
    }
    for (name, weight) in weights.iter() {
        let datum_type = if weight.unsigned() { u8::datum_type() } else { i8::datum_type() };
        let fact = datum_type.fact([weight.rows(), weight.columns()]);
        outlets.insert(name.to_owned(), model.add_source(name, fact)?);
    }
    for initializer in graph.initializer {
        let outlet = model.add_const(&*initializer.name, tensor(&initializer)?)?;
        outlets.insert(initializer.name, outlet);
    }
    let mut constants_left = MAX_CONSTANT_NUMBERS;
    for (index, proto) in graph.node.iter().enumerate() {
        let outputs = wire(proto, index, version, &outlets, &mut model, &mut constants_left)
            .with_context(|| format!("node {:?}, {} of version {version}", proto.name, proto.op_type))?;
        let named = proto.output.iter().zip(outputs).filter(|(name, _)| !name.is_empty());
        outlets.extend(named.map(|(name, outlet)| (name.clone(), outlet)));
    }
    let outputs = graph
        .output
        .iter()
        .map(|output| outlets.get(&output.name).copied().with_context(|| format!("nothing gives {:?}", output.name)))
        .collect::<TractResult<Vec<_>>>()?;
    model.select_output_outlets(&outputs)?;
    Ok(model)
}

fn refuse_unknown_operators(nodes: &[NodeProto]) -> TractResult<()> {
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes.iter().filter(|node| lookup(node).is_none()) {
        let domain = if node.domain.is_empty() { String::new() } else { format!("{}.", node.domain) };
        *unknown.entry(format!("{domain}{}", node.op_type)).or_default() += 1;
    }
    ensure!(unknown.is_empty(), "operators that are not supported: {unknown:?}");
    Ok(())
}

fn wire(
    proto: &NodeProto,
    index: usize,
    version: i64,
    outlets: &HashMap<String, OutletId>,
    model: &mut TypedModel,
    constants_left: &mut usize,
) -> TractResult<TVec<OutletId>> {
    let inputs = proto
        .input
        .iter()
        .map(|name| match &**name {
            "" => Ok(None),
            name => outlets.get(name).copied().map(Some).with_context(|| format!("nothing gives {name:?}")),
        })
        .collect::<TractResult<Vec<_>>>()?;
    let wire = lookup(proto).context("it is not supported")?;
    // The number makes the name unique, whatever the file calls its nodes.
    let name = format!("{index}:{}", proto.name);
    wire(&mut Node::new(proto, name, version, inputs, model, constants_left))
}
