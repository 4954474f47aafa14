//! Moves activations behind linear layers into their operator.

use tract_core::internal::*;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::math::Mul;
use tract_core::ops::nn::gelu_exact::GeluExact;

use super::operator::{Activation, Function, LinearLayers, OutputColumns};
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;
use crate::graph::import::gelu::GeluTanh;

/// Moves the function behind a layer into the layer.
pub fn fuse_function(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    linear: &LinearLayers,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(linear.is_one_layer());
    rule_if_some!(next = only_reader(model, node));
    rule_if_some!(function = function(next));
    replaced(model, name, linear.with_activation(Activation::Function(function)), &[node.inputs[0]], next)
}

/// Moves the gate behind two parts into their operator. Matches the product of one part and the function of the other.
pub fn fuse_gate(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    product: &TypedBinOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(product.0.is::<Mul>());
    let activated = |&input: &OutletId| Some((input, function(producer(model, input))?));
    rule_if_some!((active, function) = node.inputs.iter().find_map(activated));
    rule_if_some!(gate = other_input(node, active));
    let gated = producer(model, active).inputs[0];
    let source = producer(model, gate);
    rule_if_some!(linear = source.op_as::<LinearLayers>().filter(|it| it.activation() == Activation::None));
    rule_if!(gated.node == source.id && gated.slot != gate.slot && linear.parts().len() == 2);
    rule_if!([active, gate, gated].iter().all(|&outlet| has_one_reader(model, outlet)));
    let parts: TVec<OutputColumns> = [gated, gate].iter().map(|outlet| linear.parts()[outlet.slot].clone()).collect();
    rule_if!(parts[0].columns.len() == parts[1].columns.len());
    let fused = linear.with_parts(parts).with_activation(Activation::Gated(function));
    replaced(model, name, fused, &[source.inputs[0]], node)
}

/// Makes one operator of a gate's two layers, if each has its own matrix. Matches the product of a layer with a function
/// and a layer without one.
pub fn join_gate(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    product: &TypedBinOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(product.0.is::<Mul>());
    let layers = |&outlet: &OutletId| {
        let source = producer(model, outlet);
        only_reader(model, source)?;
        Some((source, source.op_as::<LinearLayers>().filter(|linear| linear.parts().len() == 1)?))
    };
    rule_if_some!(factors = node.inputs.iter().map(layers).collect::<Option<TVec<_>>>());
    let &[(source, one), (other_source, other)] = &factors[..] else { return Ok(None) };
    rule_if!(source.inputs == other_source.inputs && one.output_lengths() == other.output_lengths());
    let (function, active, gate) = match (one.activation(), other.activation()) {
        (Activation::Function(function), Activation::None) => (function, one, other),
        (Activation::None, Activation::Function(function)) => (function, other, one),
        _ => return Ok(None),
    };
    let mut fused = active.with_activation(Activation::Gated(function));
    rule_if!(fused.append(gate));
    replaced(model, name, fused, &[source.inputs[0]], node)
}

/// The activation function that a node computes.
fn function(node: &TypedNode) -> Option<Function> {
    if is_function::<GeluExact>(node) {
        Some(Function::Gelu)
    } else {
        is_function::<GeluTanh>(node).then_some(Function::GeluTanh)
    }
}

#[cfg(test)]
mod tests {
    use tract_core::ops::element_wise::ElementWiseOp;
    use tract_core::ops::math::{add, mul};
    use tract_core::ops::nn::gelu_exact::gelu_exact;
    use tract_core::ops::nn::sigmoid;
    use tract_core::ops::nn::silu::silu;

    use super::*;
    use crate::graph::fuse::testing::{apply, layer, nodes_of, with_layer};

    /// Returns true if the product of the second part and a function of the first became a gate.
    fn is_gate(
        function: impl TypedOp + Clone,
        join: TypedBinOp,
        slots: [usize; 2],
        change: fn(&mut TypedModel, OutletId, OutletId),
    ) -> bool {
        let parts = [0..4, 4..8].map(|columns| OutputColumns { layer: 0, columns }).into_iter().collect();
        let (mut graph, outputs) = with_layer(5, layer(5, 8).with_parts(parts));
        let active = graph.wire_node("active", function, &[outputs[slots[0]]]).unwrap()[0];
        let joined = graph.wire_node("joined", join, &[active, outputs[slots[1]]]).unwrap();
        graph.select_output_outlets(&joined).unwrap();
        change(&mut graph, outputs[slots[1]], active);
        apply(&mut graph, fuse_gate);
        let layer = graph.node(nodes_of::<LinearLayers>(&graph)[0]);
        layer.op_as::<LinearLayers>().unwrap().activation() == Activation::Gated(Function::Gelu)
    }

    #[test]
    fn takes_a_gate_that_nothing_else_reads() {
        assert!(is_gate(gelu_exact(), mul(), [0, 1], |_, _, _| {}));
        assert!(is_gate(gelu_exact(), mul(), [1, 0], |_, _, _| {}));
        assert!(!is_gate(gelu_exact(), mul(), [0, 1], |graph, gate, _| graph.outputs.push(gate)));
        assert!(!is_gate(gelu_exact(), mul(), [0, 1], |graph, _, active| graph.outputs.push(active)));
    }

    #[test]
    fn leaves_other_functions_and_other_operands() {
        assert!(!is_gate(sigmoid(), mul(), [0, 1], |_, _, _| {}));
        assert!(!is_gate(silu(), mul(), [0, 1], |_, _, _| {}));
        assert!(!is_gate(gelu_exact(), add(), [0, 1], |_, _, _| {}));
        assert!(!is_gate(gelu_exact(), mul(), [0, 0], |_, _, _| {}));
    }

    #[test]
    fn takes_a_function_that_alone_reads_the_layer() {
        let fused = |function: &dyn Fn() -> ElementWiseOp, change: fn(&mut TypedModel, OutletId)| {
            let (mut graph, outputs) = with_layer(5, layer(5, 4));
            let active = graph.wire_node("active", function(), &outputs).unwrap();
            graph.select_output_outlets(&active).unwrap();
            change(&mut graph, outputs[0]);
            apply(&mut graph, fuse_function);
            nodes_of::<ElementWiseOp>(&graph).is_empty()
        };
        assert!(fused(&gelu_exact, |_, _| {}));
        assert!(!fused(&sigmoid, |_, _| {}));
        assert!(!fused(&gelu_exact, |graph, output| graph.outputs.push(output)));
    }

    /// Returns the activation and the number of parts of the only operator with layers, if one is left.
    fn joined(
        active: Activation,
        gate: LinearLayers,
        change: fn(&mut TypedModel, [OutletId; 2]),
    ) -> Option<(Activation, usize)> {
        let (mut graph, outputs) = with_layer(5, layer(5, 4).with_activation(active));
        let rows = graph.nodes[outputs[0].node].inputs[0];
        let gate = graph.wire_node("gate", gate, &[rows]).unwrap()[0];
        let product = graph.wire_node("product", mul(), &[gate, outputs[0]]).unwrap();
        graph.select_output_outlets(&product).unwrap();
        change(&mut graph, [outputs[0], gate]);
        apply(&mut graph, join_gate);
        let [one] = nodes_of::<LinearLayers>(&graph)[..] else { return None };
        let layers = graph.node(one).op_as::<LinearLayers>().unwrap();
        Some((layers.activation(), layers.parts().len()))
    }

    #[test]
    fn joins_a_function_and_a_gate_of_the_same_rows() {
        let gelu = Activation::Function(Function::Gelu);
        let gated = Some((Activation::Gated(Function::Gelu), 2));
        assert_eq!(joined(gelu, layer(5, 4), |_, _| {}), gated);
        let of_gate = |active, gate: Activation| joined(active, layer(5, 4).with_activation(gate), |_, _| {});
        assert_eq!(of_gate(Activation::None, gelu), gated);
        assert_eq!(of_gate(Activation::None, Activation::None), None);
        assert_eq!(of_gate(gelu, gelu), None);
    }

    #[test]
    fn leaves_layers_that_something_else_reads() {
        let gelu = Activation::Function(Function::Gelu);
        assert_eq!(joined(gelu, layer(5, 4), |graph, [active, _]| graph.outputs.push(active)), None);
        assert_eq!(joined(gelu, layer(5, 4), |graph, [_, gate]| graph.outputs.push(gate)), None);
    }

    #[test]
    fn leaves_layers_of_other_lengths_and_other_rows() {
        let gelu = Activation::Function(Function::Gelu);
        assert_eq!(joined(gelu, layer(5, 1), |_, _| {}), None);
        let other_rows = |graph: &mut TypedModel, [_, gate]: [OutletId; 2]| {
            let fact = graph.outlet_fact(graph.nodes[gate.node].inputs[0]).unwrap().clone();
            let others = graph.add_source("others", fact).unwrap();
            graph.add_edge(others, InletId::new(gate.node, 0)).unwrap();
        };
        assert_eq!(joined(gelu, layer(5, 4), other_rows), None);
    }
}
