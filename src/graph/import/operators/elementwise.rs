//! Functions of one number.

use tract_core::internal::*;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::logic::not;
use tract_core::ops::math::{abs, ceil, erf, floor, is_nan, neg, recip, sign, sqrt};
use tract_core::ops::nn::gelu_exact::gelu_exact;
use tract_core::ops::nn::sigmoid;

use super::{Wire, Wiring};
use crate::graph::import::gelu::gelu_tanh;
use crate::graph::import::portable::{portable_cos, portable_exp, portable_ln, portable_sin};
use crate::graph::import::tanh::portable_tanh;

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "Abs" => |node| one(node, abs()),
        "Ceil" => |node| one(node, ceil()),
        "Cos" => |node| one(node, portable_cos()),
        "Erf" => |node| one(node, erf()),
        "Exp" => |node| one(node, portable_exp()),
        "Floor" => |node| one(node, floor()),
        "Gelu" => gelu,
        "IsNaN" => |node| one(node, is_nan()),
        "Log" => |node| one(node, portable_ln()),
        "Neg" => |node| one(node, neg()),
        "Not" => |node| one(node, not()),
        "Reciprocal" => |node| one(node, recip()),
        "Sigmoid" => |node| one(node, sigmoid()),
        "Sign" => |node| one(node, sign()),
        "Sin" => |node| one(node, portable_sin()),
        "Sqrt" => |node| one(node, sqrt()),
        "Tanh" => |node| one(node, portable_tanh()),
        _ => return None,
    })
}

fn one(node: &mut Wiring<'_>, function: ElementWiseOp) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let operating = function.0.operating_datum_type(node.datum_type(input)?);
    let input = node.cast(input, operating)?;
    Ok(tvec!(node.wire(function, &[input])?))
}

fn gelu(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    match node.text("approximate") {
        None | Some(b"none") => one(node, gelu_exact()),
        Some(b"tanh") => one(node, gelu_tanh()),
        Some(other) => {
            bail!("the approximation {:?} is unknown; tanh and none are supported", String::from_utf8_lossy(other))
        }
    }
}
