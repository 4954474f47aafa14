//! GELU, x·½·(1 + erf(x/√2)), and its form with tanh (Hendrycks and Gimpel, 2016), in any order of the factors.
//!
//! tract recognises the orders of older exporters.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use tract_core::internal::*;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::{Add, Erf, Mul, PowConst};
use tract_core::ops::nn::gelu_exact::gelu_exact;

use super::letters::factor;
use super::pattern::*;
use super::weights::Weights;
use crate::graph::import::gelu::gelu_tanh;
use crate::graph::import::tanh::PortableTanh;

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
    rule_if!(near(scale, FRAC_1_SQRT_2));
    replace(model, node, name, x, gelu_exact())
}

/// Matches from the hyperbolic tangent on.
pub fn fuse_tanh(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    function: &ElementWiseOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(function.0.is::<PortableTanh>());
    rule_if_some!((sum, scale) = factor(model, node.inputs[0]));
    rule_if!(near(scale, FRAC_2_SQRT_PI * FRAC_1_SQRT_2) && is_binary::<Add>(producer(model, sum)));
    let of_cube = |&term: &OutletId| {
        let (cube, _) = factor(model, term).filter(|(_, number)| near(*number, 0.044_715))?;
        let power = producer(model, cube).op_as::<ElementWiseOp>()?.0.downcast_ref::<PowConst>()?.exponent;
        let x = producer(model, cube).inputs[0];
        (power == 3.0 && other_input(producer(model, sum), term)? == x).then_some(x)
    };
    rule_if_some!(x = producer(model, sum).inputs.iter().find_map(of_cube));
    replace(model, node, name, x, gelu_tanh())
}

/// Replaces x·½·(1 + y), where `node` computes y, by a function of x.
fn replace(
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    x: OutletId,
    function: ElementWiseOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if_some!(last = halved_product(model, node, x));
    replaced(model, name, function, &[x], last)
}

/// True if a number is the expected one, or that rounded to half precision, as some files hold their constants.
fn near(number: f32, expected: f32) -> bool {
    (number - expected).abs() <= expected / 2048.0
}

/// The node that computes x·½·(1 + y) from a node that computes y.
fn halved_product<'model>(model: &'model TypedModel, node: &TypedNode, x: OutletId) -> Option<&'model TypedNode> {
    let sum = only_reader(model, node).filter(|next| is_binary::<Add>(next))?;
    let (_, one) = variable_and_constant(model, sum)?;
    if scalar(&one) != Some(1.0) {
        return None;
    }
    let (mut product, mut has_x, mut number) = (sum, false, 1.0);
    while !(has_x && number == 0.5) {
        let next = only_reader(model, product).filter(|next| is_binary::<Mul>(next))?;
        let other = other_input(next, product.id.into())?;
        if let Some(value) = constant(model, other) {
            number *= scalar(&value)?;
        } else {
            let (variable, value) = if other == x { (x, 1.0) } else { factor(model, other).unwrap_or((other, 1.0)) };
            if variable != x || has_x {
                return None;
            }
            (has_x, number) = (true, number * value);
        }
        product = next;
    }
    Some(product)
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
