//! One operator for linear layers that read the same rows, such as those of queries, keys and values.

use tract_core::internal::*;

use super::operator::{Activation, LinearLayers};
use crate::graph::fuse::weights::Weights;

/// Merges layers that read the same rows into one operator.
pub fn merge(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    linear: &LinearLayers,
) -> TractResult<Option<TypedModelPatch>> {
    let mergeable = |id: usize| {
        let node = model.node(id);
        let linear = node.op_as::<LinearLayers>().filter(|linear| linear.activation() == Activation::None)?;
        Some((node, linear))
    };
    rule_if!(linear.activation() == Activation::None);
    let readers = model.outlet_successors(node.inputs[0]);
    let mut merged = linear.clone();
    let mut others = tvec![(node, linear)];
    for (other, layers) in readers.iter().filter_map(|reader| mergeable(reader.node)) {
        if other.id != node.id && merged.append(layers) {
            others.push((other, layers));
        }
    }
    rule_if!(others.len() > 1);
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let outputs = patch.wire_node(name, merged, &[input])?;
    let before =
        others.iter().flat_map(|(node, linear)| (0..linear.parts().len()).map(|slot| OutletId::new(node.id, slot)));
    for (before, after) in before.zip(outputs) {
        patch.shunt_outside(model, before, after)?;
    }
    Ok(Some(patch))
}

#[cfg(test)]
mod tests {
    use super::super::operator::Function;
    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{change_first, count_after};

    #[test]
    fn layers_of_one_input_become_one() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::SharedInput, "QuantizedLinear", change);
        assert_eq!(count(&|_| {}), 3 * 2 + 1 + 2);
        // One operator with this name fewer; two of its neighbours remain to be merged.
        assert_eq!(
            count(&|graph| change_first(graph, |linear: &mut LinearLayers| *linear =
                linear.with_activation(Activation::Function(Function::Gelu)))),
            3 * 2 + 1 + 2
        );
    }
}
