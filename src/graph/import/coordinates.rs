//! Integer tensors with numbers that follow from their coordinates, such as those that exporters compute to read all
//! rows.
//!
//! tract notes such a number as an expression of the coordinates. The note of some operators is wrong, such as that of
//! a constant less a range. So this module believes a note only behind operators for which it holds.

use std::collections::HashMap;

use tract_core::internal::*;
use tract_core::ops::array::{MultiBroadcastTo, Range};
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::logic::{CompGTE, CompLT, Not};
use tract_core::ops::math::{Add, Mul};

/// Most operators behind a tensor of coordinates.
const MOST_NODES: usize = 32;

/// The coordinate on this axis.
fn coordinate(model: &TypedModel, axis: usize) -> TDim {
    model.symbols.coord_sym(axis).into()
}

/// The expression of a number of the tensor.
fn number(model: &TypedModel, outlet: OutletId) -> Option<&TDim> {
    holds(model, outlet, &mut MOST_NODES.clone()).then_some(())?;
    model.outlet_fact(outlet).ok()?.uniform_tdim.as_ref()
}

/// True if every operator that computes the tensor keeps tract's expression right.
fn holds(model: &TypedModel, outlet: OutletId, budget: &mut usize) -> bool {
    let Some(left) = budget.checked_sub(1) else { return false };
    *budget = left;
    let node = model.node(outlet.node);
    let whole = |outlet: &OutletId| {
        model.outlet_fact(*outlet).is_ok_and(|fact| [i64::datum_type(), TDim::datum_type()].contains(&fact.datum_type))
    };
    let rank = |outlet: OutletId| model.outlet_fact(outlet).map_or(usize::MAX, |fact| fact.rank());
    if model.outlet_fact(outlet).is_ok_and(|fact| fact.konst.is_some()) {
        return whole(&outlet);
    }
    if !whole(&outlet) || !node.inputs.iter().all(whole) {
        return false;
    }
    let keeps = if let Some(binary) = node.op_as::<TypedBinOp>() {
        binary.0.is::<Add>() || binary.0.is::<Mul>()
    } else if node.op_is::<MultiBroadcastTo>() {
        rank(node.inputs[0]) == rank(outlet)
    } else {
        node.op_is::<Range>() || node.op_is::<AxisOp>() || node.op_is::<Cast>()
    };
    keeps && node.inputs.iter().all(|&input| holds(model, input, budget))
}

/// True if the numbers of a tensor are 0, 1, 2 and so on, row after row.
pub fn count_up(model: &TypedModel, outlet: OutletId) -> TractResult<bool> {
    let Some(number) = number(model, outlet) else { return Ok(false) };
    let shape = model.outlet_fact(outlet)?.shape.to_tvec();
    let (mut stride, mut expected) = (1.to_dim(), 0.to_dim());
    // The only coordinate on an axis of length 1 is 0.
    let mut zeros = HashMap::new();
    for (axis, size) in shape.iter().enumerate().rev() {
        if size.is_one() {
            zeros.insert(model.symbols.coord_sym(axis), 0.to_dim());
        } else {
            expected += coordinate(model, axis) * &stride;
        }
        stride *= size;
    }
    let difference = number.clone() - expected;
    Ok(difference.substitute_all(&zeros)?.simplify() == 0.to_dim())
}

/// The axis of at least `first` on which the numbers of a tensor are the coordinates.
pub fn axis_of(model: &TypedModel, outlet: OutletId, first: usize) -> Option<usize> {
    let number = number(model, outlet)?;
    let rank = model.outlet_fact(outlet).ok()?.rank();
    (first..rank).find(|&axis| *number == coordinate(model, axis))
}

/// True if the tensor says of each place that a coordinate is at least 0 or less.
pub fn is_not_negative(model: &TypedModel, outlet: OutletId) -> bool {
    let mut node = model.node(outlet.node);
    let is_cast = |node: &TypedNode| node.op_as::<Cast>().is_some_and(|cast| cast.to == bool::datum_type());
    let is_not = |node: &TypedNode| node.op_as::<ElementWiseOp>().is_some_and(|operation| operation.0.is::<Not>());
    let mut negated = false;
    while node.op_is::<MultiBroadcastTo>() || node.op_is::<AxisOp>() || is_cast(node) || is_not(node) {
        negated ^= is_not(node);
        node = model.node(node.inputs[0].node);
    }
    let compares = node
        .op_as::<TypedBinOp>()
        .is_some_and(|operation| if negated { operation.0.is::<CompLT>() } else { operation.0.is::<CompGTE>() });
    let least = |outlet: OutletId| {
        let least = model.outlet_fact(outlet).ok()?.konst.clone()?;
        let least = least.cast_to::<TDim>().ok()?;
        least.try_as_plain_ram().ok()?.as_slice::<TDim>().ok()?.iter().map(TDim::as_i64).collect::<Option<Vec<_>>>()
    };
    compares
        && axis_of(model, node.inputs[0], 0).is_some()
        && least(node.inputs[1]).is_some_and(|least| least.iter().all(|&least| least <= 0))
}

#[cfg(test)]
mod tests {
    use tract_core::ops::logic::comp_gte;
    use tract_core::ops::math::sub;

    use super::*;

    /// A model with the range of a size that is not known yet, as a row.
    fn range() -> (TypedModel, OutletId, OutletId) {
        let mut model = TypedModel::default();
        let size = TDim::from(model.symbols.sym("sequence"));
        let bound = |model: &mut TypedModel, name: &str, value: TDim| model.add_const(name, tensor0(value)).unwrap();
        let bounds = [
            bound(&mut model, "start", 0.to_dim()),
            bound(&mut model, "limit", size.clone()),
            bound(&mut model, "step", 1.to_dim()),
        ];
        let range = model.wire_node("range", Range::new(size), &bounds).unwrap()[0];
        let row = model.wire_node("row", AxisOp::Add(0), &[range]).unwrap()[0];
        let zero = model.add_const("zero", tensor2(&[[0i64]])).unwrap();
        (model, row, zero)
    }

    #[test]
    fn a_range_counts_up_along_its_axis() {
        let (mut model, row, zero) = range();
        assert!(count_up(&model, row).unwrap());
        assert_eq!(axis_of(&model, row, 0), Some(1));
        let not_negative = model.wire_node("ge", TypedBinOp(comp_gte(), None), &[row, zero]).unwrap()[0];
        assert!(is_not_negative(&model, not_negative));
    }

    #[test]
    fn what_only_looks_like_a_range_does_not() {
        let (mut model, row, zero) = range();
        let negative = model.wire_node("negative", sub(), &[zero, row]).unwrap()[0];
        let truth = model.wire_node("truth", Cast { to: bool::datum_type() }, &[row]).unwrap();
        let flag = model.wire_node("flag", Cast { to: i64::datum_type() }, &truth).unwrap()[0];
        for outlet in [negative, flag] {
            assert!(!count_up(&model, outlet).unwrap());
            assert_eq!(axis_of(&model, outlet, 0), None);
        }
        let at_most_zero = model.wire_node("ge", TypedBinOp(comp_gte(), None), &[zero, row]).unwrap()[0];
        assert!(!is_not_negative(&model, at_most_zero));
    }
}
