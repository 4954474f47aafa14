//! GELU, x·½·(1 + erf(x/√2)) (Hendrycks and Gimpel, 2016), in any order of its factors.
//!
//! tract recognises the orders of older exporters.

use std::f32::consts::FRAC_1_SQRT_2;

use tract_core::internal::*;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::{Add, Erf, Mul};
use tract_core::ops::nn::gelu_exact::gelu_exact;

use super::letters::factor;
use super::pattern::*;
use super::weights::Weights;

/// Matches from the error function on.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    function: &ElementWiseOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(function.0.is::<Erf>());
    rule_if_some!((x, scale) = factor(model, node.inputs[0]));
    rule_if!((scale - FRAC_1_SQRT_2).abs() <= 1e-6);
    rule_if_some!(sum = only_reader(model, node).filter(|next| is_binary::<Add>(next)));
    rule_if_some!((_, one) = variable_and_constant(model, sum));
    rule_if!(scalar(&one) == Some(1.0));

    let (mut product, mut has_x, mut number) = (sum, false, 1.0);
    while !(has_x && number == 0.5) {
        rule_if_some!(next = only_reader(model, product).filter(|next| is_binary::<Mul>(next)));
        rule_if_some!(other = other_input(next, product.id.into()));
        if let Some(value) = constant(model, other) {
            rule_if_some!(value = scalar(&value));
            number *= value;
        } else {
            let (variable, value) = if other == x { (x, 1.0) } else { factor(model, other).unwrap_or((other, 1.0)) };
            rule_if!(variable == x && !has_x);
            (has_x, number) = (true, number * value);
        }
        product = next;
    }
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, x)?;
    let output = patch.wire_node(name, gelu_exact(), &[input])?;
    patch.shunt_outside(model, product.id.into(), output[0])?;
    Ok(Some(patch))
}

#[cfg(test)]
mod tests {
    use tract_core::ops::binary::TypedBinOp;
    use tract_core::ops::math::{add, erf, mul};

    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::onnx::WeightStore;

    /// The factors in some order, and the sum last or in the middle.
    fn graph(order: usize, sqrt: f32, half: f32) -> TypedModel {
        let mut model = TypedModel::default();
        let x = model.add_source("x", f32::fact([4])).unwrap();
        let mut number = |name: &str, value: f32| model.add_const(name, tensor1(&[value])).unwrap();
        let [sqrt, one, half] = [number("sqrt", sqrt), number("one", 1.0), number("half", half)];
        let mut wire = |name: &str, operation: TypedBinOp, inputs: [OutletId; 2]| {
            model.wire_node(name, operation, &inputs).unwrap()[0]
        };
        let scaled = wire("scaled", mul(), [x, sqrt]);
        let erf = model.wire_node("erf", erf(), &[scaled]).unwrap()[0];
        let mut wire = |name: &str, operation: TypedBinOp, inputs: [OutletId; 2]| {
            model.wire_node(name, operation, &inputs).unwrap()[0]
        };
        let sum = wire("sum", add(), [erf, one]);
        let output = match order {
            0 => {
                let halved = wire("halved", mul(), [half, sum]);
                wire("gelu", mul(), [x, halved])
            }
            1 => {
                let product = wire("product", mul(), [x, sum]);
                wire("gelu", mul(), [product, half])
            }
            _ => {
                let halved = wire("halved", mul(), [x, half]);
                wire("gelu", mul(), [halved, sum])
            }
        };
        model.select_output_outlets(&[output]).unwrap();
        model
    }

    fn names(mut model: TypedModel) -> Vec<String> {
        Rewrite::Linear.apply(&mut model, &Weights::new(WeightStore::default())).unwrap();
        model.compact().unwrap();
        model.nodes().iter().map(|node| node.op.name().into_owned()).collect()
    }

    #[test]
    fn takes_every_order_of_its_factors() {
        for order in 0..3 {
            assert_eq!(names(graph(order, FRAC_1_SQRT_2, 0.5)), ["Source", "GeluExact"], "{order}");
        }
    }

    #[test]
    fn leaves_other_numbers() {
        for (sqrt, half) in [(0.8, 0.5), (FRAC_1_SQRT_2, 0.4)] {
            assert!((0..3).all(|order| !names(graph(order, sqrt, half)).contains(&"GeluExact".to_owned())));
        }
    }
}
