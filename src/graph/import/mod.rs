//! Wires the nodes of an ONNX graph as tract's typed operators, each after those that it reads.

mod branch;
pub mod coordinates;
pub mod gather;
pub mod gelu;
pub mod hidden_states;
pub mod logit;
pub mod operators;
mod order;
mod portable;
#[cfg(test)]
mod referee;
pub mod simplify;
pub mod sizes;
pub mod tanh;
mod tensor;
mod validate;

use std::collections::{BTreeMap, HashMap, HashSet};

use operators::{MAX_CONSTANT_NUMBERS, Wiring, lookup};
use order::sort;
use tensor::tensor;
use tract_core::internal::*;
pub use validate::validate;

use crate::onnx::WeightStore;
use crate::onnx::refusal::{unsupported, unsupported_form};
use crate::onnx::schema::{Graph, Model, Node};

/// The number of rows of an input.
pub const BATCH: &str = "batch";

/// The number of tokens in a row of an input.
pub const SEQUENCE: &str = "sequence";

/// Imports a model. Its first inputs are `text_inputs`, tables of int64 numbers; one input for each weight follows. The
/// tables have any number of rows and tokens, or one row of `tokens`. The caller has validated the names in `file`.
pub fn import<'names>(
    file: &Model<'_>,
    text_inputs: impl IntoIterator<Item = &'names str>,
    tokens: Option<usize>,
    weights: &WeightStore,
) -> TractResult<TypedModel> {
    let mut model = TypedModel::default();
    let text_sizes = [BATCH, SEQUENCE].map(|size| model.symbols.sym(size));
    for size in &text_sizes {
        sizes::is_at_least(&model.symbols, size, 1)?;
    }
    let mut scope = Scope::default();
    let text_shape = match tokens {
        Some(tokens) => [1.to_dim(), tokens.to_dim()],
        None => text_sizes.map(TDim::from),
    };
    for name in text_inputs {
        scope.outlets.insert(name, model.add_source(name, i64::fact(&text_shape))?);
    }
    for (name, weight) in weights.iter() {
        let datum_type = if weight.unsigned() { u8::datum_type() } else { i8::datum_type() };
        let fact = datum_type.fact([weight.rows(), weight.columns()]);
        scope.outlets.insert(name, model.add_source(name, fact)?);
    }
    let mut importer = Importer { version: file.version, model, constants_left: MAX_CONSTANT_NUMBERS };
    let outputs = importer.import(&file.graph, &mut scope, "")?;
    importer.model.select_output_outlets(&outputs)?;
    Ok(importer.model)
}

/// The names in a graph and in those around it.
#[derive(Default)]
struct Scope<'a> {
    outlets: HashMap<&'a str, OutletId>,
    around: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn get(&self, name: &str) -> Option<OutletId> {
        self.outlets.get(name).copied().or_else(|| self.around?.get(name))
    }
}

struct Importer {
    version: i64,
    model: TypedModel,
    constants_left: usize,
}

impl Importer {
    /// Adds a graph, its nodes in order, and returns its outputs. `prefix` makes the names of its operators unique.
    fn import<'a>(&mut self, graph: &'a Graph<'_>, scope: &mut Scope<'a>, prefix: &str) -> TractResult<TVec<OutletId>> {
        refuse_unknown_operators(&graph.nodes)?;
        for initializer in &graph.initializers {
            let outlet = self.model.add_const(format!("{prefix}{}", initializer.name), tensor(initializer)?)?;
            scope.outlets.insert(initializer.name, outlet);
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            // The index makes the name unique, even if several nodes of the file share one.
            let outputs = self
                .wire(node, format!("{prefix}{index}:{}", node.name), scope)
                .with_context(|| format!("node {:?} ({}, opset {})", node.name, node.operator, self.version))?;
            scope.outlets.extend(node.outputs.iter().copied().zip(outputs).filter(|(name, _)| !name.is_empty()));
        }
        let output =
            |output: &&str| scope.get(output).with_context(|| format!("no node computes the output {output:?}"));
        graph.outputs.iter().map(output).collect()
    }

    fn wire(&mut self, node: &Node<'_>, name: String, scope: &Scope<'_>) -> TractResult<TVec<OutletId>> {
        let input = |name: &&str| match *name {
            "" => Ok(None),
            name => scope.get(name).map(Some).with_context(|| format!("no node before it computes its input {name:?}")),
        };
        let inputs = node.inputs.iter().map(input).collect::<TractResult<Vec<_>>>()?;
        if branch::is_choice(node) {
            return self.choose(node, &name, &inputs, scope);
        }
        let wire = lookup(node).context("the engine does not support this operator")?;
        wire(&mut Wiring::new(node, name, self.version, inputs, &mut self.model, &mut self.constants_left))
    }

    /// Adds the branch that a node takes, and returns its outputs. `validate` has bounded how deep branches lie.
    fn choose(
        &mut self,
        node: &Node<'_>,
        name: &str,
        inputs: &[Option<OutletId>],
        scope: &Scope<'_>,
    ) -> TractResult<TVec<OutletId>> {
        let (taken, mut branch) = branch::taken(&self.model, node, inputs)?;
        let initializers: HashSet<&str> = branch.initializers.iter().map(|tensor| tensor.name).collect();
        sort(&mut branch, &|name| initializers.contains(name) || scope.get(name).is_some())?;
        let mut inner = Scope { outlets: HashMap::new(), around: Some(scope) };
        self.import(&branch, &mut inner, &format!("{name}.{taken}/"))
    }
}

fn refuse_unknown_operators(nodes: &[Node<'_>]) -> TractResult<()> {
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut other_form = false;
    for node in nodes.iter().filter(|node| lookup(node).is_none() && !branch::is_choice(node)) {
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
    if other_form {
        return Err(unsupported_form(reason).into());
    }
    Err(unsupported(format!("{reason}; choose a cross-encoder of a family that docs/models-and-cache.md lists")).into())
}
