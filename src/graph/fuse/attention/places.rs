//! The places of queries and keys, and integers that follow from them.

use tract_core::internal::*;
use tract_core::ops::cast::Cast;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::math::{Abs, Add, Mul, Neg, Sub};

use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::pattern::*;
use crate::graph::import::coordinates::axis_of;

/// The axes of queries and of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    pub query: usize,
    pub key: usize,
}
/// The axes of an operator's input, if the operator keeps them.
pub fn axes_above(change: &AxisOp, axes: Axes) -> Option<Axes> {
    let above = |axis: usize| match *change {
        AxisOp::Add(at) if at == axis => None,
        AxisOp::Add(at) => Some(if axis > at { axis - 1 } else { axis }),
        AxisOp::Rm(at) => Some(if axis >= at { axis + 1 } else { axis }),
        AxisOp::Move(from, to) if axis == to => Some(from),
        AxisOp::Move(from, to) => {
            let without = if axis > to { axis - 1 } else { axis };
            Some(if without >= from { without + 1 } else { without })
        }
        AxisOp::Reshape(..) => None,
    };
    Some(Axes { query: above(axes.query)?, key: above(axes.key)? })
}

/// A number for each query and key: slope · distance + offset, or slope · |distance + shift| + offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Factor of the query's place.
    pub query: i64,
    /// Factor of the key's place.
    pub key: i64,
    pub offset: i64,
    /// Factor of the magnitude of a distance that `shift` is added to.
    pub magnitude: i64,
    pub shift: i64,
}

impl Number {
    pub fn constant(offset: i64) -> Self {
        Self { query: 0, key: 0, offset, magnitude: 0, shift: 0 }
    }

    fn times(self, factor: i64) -> Option<Self> {
        Some(Self {
            query: self.query.checked_mul(factor)?,
            key: self.key.checked_mul(factor)?,
            offset: self.offset.checked_mul(factor)?,
            magnitude: self.magnitude.checked_mul(factor)?,
            shift: self.shift,
        })
    }

    fn plus(self, other: Self) -> Option<Self> {
        if self.magnitude != 0 && other.magnitude != 0 {
            return None;
        }
        Some(Self {
            query: self.query.checked_add(other.query)?,
            key: self.key.checked_add(other.key)?,
            offset: self.offset.checked_add(other.offset)?,
            magnitude: self.magnitude + other.magnitude,
            shift: if self.magnitude != 0 { self.shift } else { other.shift },
        })
    }

    pub fn less(self, other: Self) -> Option<Self> {
        self.plus(other.times(-1)?)
    }

    /// The magnitude, if this is a distance with a shift.
    fn magnitude(self) -> Option<Self> {
        let shift = match (self.query, self.key, self.magnitude) {
            (-1, 1, 0) => self.offset,
            // The magnitude of the opposite is the same.
            (1, -1, 0) => self.offset.checked_neg()?,
            _ => return None,
        };
        Some(Self { magnitude: 1, shift, ..Self::constant(0) })
    }
}

/// The number that an integer tensor holds for each query and key.
pub fn number(model: &TypedModel, outlet: OutletId, axes: Axes, budget: &mut usize) -> Option<Number> {
    *budget = budget.checked_sub(1)?;
    let outlet = without_broadcasts(model, outlet);
    let is_whole = model
        .outlet_fact(outlet)
        .is_ok_and(|fact| [i64::datum_type(), i32::datum_type(), TDim::datum_type()].contains(&fact.datum_type));
    is_whole.then_some(())?;
    if let Some(value) = constant(model, outlet) {
        return Some(Number::constant(integer(&value)?));
    }
    match axis_of(model, outlet, 0) {
        Some(axis) if axis == axes.query => return Some(Number { query: 1, ..Number::constant(0) }),
        Some(axis) if axis == axes.key => return Some(Number { key: 1, ..Number::constant(0) }),
        _ => {}
    }
    let node = producer(model, outlet);
    if let Some(change) = node.op_as::<AxisOp>() {
        return number(model, node.inputs[0], axes_above(change, axes)?, budget);
    }
    let mut input = |index: usize| number(model, *node.inputs.get(index)?, axes, budget);
    if node.op_is::<Cast>() {
        input(0)
    } else if is_function::<Neg>(node) {
        input(0)?.times(-1)
    } else if is_function::<Abs>(node) {
        input(0)?.magnitude()
    } else if is_binary::<Add>(node) {
        input(0)?.plus(input(1)?)
    } else if is_binary::<Sub>(node) {
        input(0)?.less(input(1)?)
    } else if is_binary::<Mul>(node) {
        let (left, right) = (input(0)?, input(1)?);
        let single = |number: Number| (number == Number::constant(number.offset)).then_some(number.offset);
        single(left).map_or_else(|| left.times(single(right)?), |factor| right.times(factor))
    } else {
        None
    }
}

#[cfg(test)]
pub mod testing {
    use tract_core::ops::array::Range;
    use tract_core::ops::math::sub;

    use super::*;

    pub const AXES: Axes = Axes { query: 2, key: 3 };

    /// A model with the distance from query to key, the product of both places, and a bound.
    pub fn model_of_places(bound: i64) -> (TypedModel, [OutletId; 3]) {
        let mut model = TypedModel::default();
        let size = TDim::from(model.symbols.sym("sequence"));
        let mut bounds = [0.to_dim(), size.clone(), 1.to_dim()].into_iter().zip(["start", "limit", "step"]);
        let bounds: TVec<OutletId> =
            bounds.by_ref().map(|(value, name)| model.add_const(name, tensor0(value)).unwrap()).collect();
        let range = model.wire_node("range", Range::new(size), &bounds).unwrap()[0];
        let mut wire =
            |name: &str, op: Box<dyn TypedOp>, inputs: &[OutletId]| model.wire_node(name, op, inputs).unwrap()[0];
        let mut along = |name: &str, axes: [usize; 3]| {
            axes.into_iter().enumerate().fold(range, |outlet, (index, axis)| {
                wire(&format!("{name}.{index}"), Box::new(AxisOp::Add(axis)), &[outlet])
            })
        };
        let (queries, keys) = (along("queries", [1, 0, 0]), along("keys", [0, 0, 0]));
        let distance = wire("distance", Box::new(sub()), &[keys, queries]);
        let product = wire("product", Box::new(tract_core::ops::math::mul()), &[keys, queries]);
        let bound = model.add_const("bound", tensor4(&[[[[bound]]]])).unwrap();
        (model, [distance, product, bound])
    }
}
