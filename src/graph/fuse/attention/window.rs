//! Masks: what of them is a window, which hides the keys that are far from a query, and what hides single keys.

use tract_core::internal::*;
use tract_core::ops::cast::Cast;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::logic::{And, CompGT, CompGTE, CompLT, CompLTE, Iff, Not, Or};
use tract_core::ops::math::{Mul, Sub};

use super::addends::{Addend, hides, without_casts};
use super::places::{Axes, Number, axes_above, number};
use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::pattern::*;
use crate::kernels::attention::LocalWindow;

/// Most operators behind a condition.
const MOST_NODES: usize = 64;

/// Distances from a query to a key behind it, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Distances {
    from: i64,
    to: i64,
}

impl Distances {
    const ALL: Self = Self { from: i64::MIN, to: i64::MAX };

    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), to: self.to.min(other.to) }
    }

    /// `None` if a query does not see its own place.
    fn window(self) -> Option<LocalWindow> {
        let places =
            |distance: i64| if distance == i64::MAX { Some(usize::MAX) } else { usize::try_from(distance).ok() };
        let before = if self.from == i64::MIN { usize::MAX } else { places(-self.from)? };
        Some(LocalWindow { before, after: places(self.to)?, first: 0 })
    }
}

/// Takes the first window out of the addends of scores. `sequence` is the number of keys.
pub fn take_window(
    model: &TypedModel,
    addends: TVec<Addend>,
    axes: Axes,
    sequence: &TDim,
) -> (Option<LocalWindow>, TVec<Addend>) {
    // What remains must have a number for each key, as an addend of attention has.
    let fits = |addend: &Addend| {
        let outlets = [Some(addend.value), addend.only_where.map(|(condition, _)| condition)];
        let mut facts = outlets.into_iter().flatten().filter_map(|outlet| model.outlet_fact(outlet).ok());
        facts.any(|fact| fact.shape.get(axes.key) == Some(sequence))
    };
    let (mut taken, mut remaining) = (None, tvec![]);
    for addend in addends {
        let found = window(model, &addend, axes).filter(|(_, others)| others.iter().all(fits));
        match found.filter(|(window, _)| window.is_none() || taken.is_none()) {
            Some((window, others)) => {
                taken = taken.or(window);
                remaining.extend(others);
            }
            None => remaining.push(addend),
        }
    }
    (taken, remaining)
}

/// The window that an addend of scores stands for, and the addends that remain. `None` if it is already as simple.
fn window(model: &TypedModel, addend: &Addend, axes: Axes) -> Option<(Option<LocalWindow>, TVec<Addend>)> {
    if !addend.changes.is_empty() {
        return None;
    }
    let mut parts =
        Decomposition { model, axes, visible: Distances::ALL, of_keys: false, others: tvec![], budget: MOST_NODES };
    match addend.only_where {
        Some((condition, when)) => {
            hides(model, addend.value).then_some(())?;
            parts.hide(condition, when, addend.value)?;
        }
        None => parts.add(addend.value)?,
    }
    if parts.visible == Distances::ALL {
        return parts.of_keys.then_some((None, parts.others));
    }
    Some((Some(parts.visible.window()?), parts.others))
}

/// What an addend consists of.
struct Decomposition<'model> {
    model: &'model TypedModel,
    axes: Axes,
    visible: Distances,
    /// A part hid queries beside keys.
    of_keys: bool,
    others: TVec<Addend>,
    budget: usize,
}

impl Decomposition<'_> {
    fn add(&mut self, outlet: OutletId) -> Option<()> {
        self.budget = self.budget.checked_sub(1)?;
        let outlet = without_broadcasts(self.model, outlet);
        if constant(self.model, outlet).and_then(|value| scalar(&value)) == Some(0.0) {
            return Some(());
        }
        let node = producer(self.model, outlet);
        if node.op_is::<Iff>() {
            for (value, other, when) in [(1, 2, true), (2, 1, false)] {
                if hides(self.model, node.inputs[value]) {
                    self.hide(node.inputs[0], when, node.inputs[value])?;
                    return self.add(node.inputs[other]);
                }
            }
        }
        self.others.push(Addend { value: outlet, only_where: None, changes: tvec![] });
        Some(())
    }

    /// Hides keys where `condition` is `when`.
    fn hide(&mut self, condition: OutletId, when: bool, lowest: OutletId) -> Option<()> {
        self.budget = self.budget.checked_sub(1)?;
        let condition = without_broadcasts(self.model, condition);
        if let Some(distances) = distances(self.model, condition, !when, self.axes, &mut MOST_NODES.clone()) {
            self.visible = self.visible.and(distances);
            return Some(());
        }
        let node = producer(self.model, condition);
        if is_function::<Not>(node) {
            return self.hide(node.inputs[0], !when, lowest);
        }
        if is_binary::<And>(node) && !when || is_binary::<Or>(node) && when {
            return node.inputs.iter().try_for_each(|&input| self.hide(input, when, lowest));
        }
        // A mask is 0 or 1, so that 1 − mask is its opposite.
        let from_one = || constant(self.model, node.inputs[0]).and_then(|number| integer(&number)) == Some(1);
        if is_binary::<Sub>(node) && from_one() && is_mask(self.model, node.inputs[1]) {
            return self.hide(node.inputs[1], !when, lowest);
        }
        let keeps_truth = |cast: &Cast| cast.to == bool::datum_type() || is_mask(self.model, node.inputs[0]);
        if node.op_as::<Cast>().is_some_and(keeps_truth) {
            return self.hide(node.inputs[0], when, lowest);
        }
        if is_binary::<Mul>(node)
            && !when
            && let Some(keys) = self.keys_of_both(node)
        {
            self.of_keys = true;
            return self.hide(keys, when, lowest);
        }
        self.others.push(Addend { value: lowest, only_where: Some((condition, when)), changes: tvec![] });
        Some(())
    }

    /// The factor that has the attention mask's number for each key, if the other has it for each query. No one reads the
    /// row of a query that this mask hides: as a key, it is hidden from all others.
    fn keys_of_both(&self, product: &TypedNode) -> Option<OutletId> {
        let has_one = |outlet: OutletId, axis: usize| has_length_one(self.model, outlet, axis);
        let &[left, right] = &product.inputs[..] else { return None };
        (is_attention_mask(self.model, left) && is_attention_mask(self.model, right)).then_some(())?;
        let of_keys = |outlet: OutletId| has_one(outlet, self.axes.query) && !has_one(outlet, self.axes.key);
        let of_queries = |outlet: OutletId| has_one(outlet, self.axes.key) && !has_one(outlet, self.axes.query);
        match (of_keys(left) && of_queries(right), of_keys(right) && of_queries(left)) {
            (true, _) => Some(left),
            (_, true) => Some(right),
            _ => None,
        }
    }
}

/// True for the attention mask, with further axes or as another type.
fn is_attention_mask(model: &TypedModel, mut outlet: OutletId) -> bool {
    let mut node = producer(model, outlet);
    while matches!(node.op_as(), Some(AxisOp::Add(_) | AxisOp::Rm(_))) || node.op_is::<Cast>() {
        outlet = node.inputs[0];
        node = producer(model, outlet);
    }
    // TensorFlow numbers the outputs of an input, too.
    model.inputs.contains(&outlet) && node.name.split(':').next() == Some("attention_mask")
}

/// True for the attention mask or the product of two, which is 0 or 1, too.
fn is_mask(model: &TypedModel, outlet: OutletId) -> bool {
    let outlet = without_casts(model, outlet);
    let node = producer(model, outlet);
    is_attention_mask(model, outlet)
        || is_binary::<Mul>(node) && node.inputs.iter().all(|&input| is_attention_mask(model, input))
}

/// The distances at which a condition is `when`, if it depends on the distance alone and they are an interval.
fn distances(model: &TypedModel, outlet: OutletId, when: bool, axes: Axes, budget: &mut usize) -> Option<Distances> {
    *budget = budget.checked_sub(1)?;
    let outlet = without_broadcasts(model, outlet);
    let node = producer(model, outlet);
    if let Some(change) = node.op_as::<AxisOp>() {
        return distances(model, node.inputs[0], when, axes_above(change, axes)?, budget);
    }
    if is_function::<Not>(node) {
        return distances(model, node.inputs[0], !when, axes, budget);
    }
    if is_binary::<And>(node) && when || is_binary::<Or>(node) && !when {
        let left = distances(model, node.inputs[0], when, axes, budget)?;
        return Some(left.and(distances(model, node.inputs[1], when, axes, budget)?));
    }
    let &[left, right] = &node.inputs[..] else { return None };
    let [left, right] = [left, right].map(|outlet| number(model, outlet, axes, budget));
    let (left, right) = (left?, right?);
    // Each comparison as: left less right is at most `most`, or at least `least`.
    let (at_most, bound) = match (is_binary::<CompLTE>(node), is_binary::<CompLT>(node)) {
        (true, _) => (true, 0),
        (_, true) => (true, -1),
        _ if is_binary::<CompGTE>(node) => (false, 0),
        _ if is_binary::<CompGT>(node) => (false, 1),
        _ => return None,
    };
    let (at_most, bound) = match (when, at_most) {
        (true, _) => (at_most, bound),
        // The opposite of ≤ is >.
        (false, true) => (false, bound + 1),
        (false, false) => (true, bound - 1),
    };
    where_it_is(left.less(right)?, at_most, bound)
}

/// The distances at which a number is at most, or at least, `bound`.
fn where_it_is(number: Number, at_most: bool, bound: i64) -> Option<Distances> {
    let bound = bound.checked_sub(number.offset)?;
    let half_line = |at_most: bool, bound: i64| match at_most {
        true => Distances { to: bound, ..Distances::ALL },
        false => Distances { from: bound, ..Distances::ALL },
    };
    match (number.query, number.key, number.magnitude) {
        (-1, 1, 0) => Some(half_line(at_most, bound)),
        (1, -1, 0) => Some(half_line(!at_most, bound.checked_neg()?)),
        // |distance + shift| ≤ bound, or its opposite's magnitude ≥ −bound.
        (0, 0, 1) if at_most => Some(Distances {
            from: bound.checked_neg()?.checked_sub(number.shift)?,
            to: bound.checked_sub(number.shift)?,
        }),
        (0, 0, -1) if !at_most => Some(Distances {
            from: bound.checked_sub(number.shift)?,
            to: bound.checked_neg()?.checked_sub(number.shift)?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tract_core::ops::binary::{BinMiniOp, TypedBinOp};
    use tract_core::ops::logic::{comp_gt, comp_gte, comp_lt, comp_lte};
    use tract_core::ops::math::{abs, neg};

    use super::*;
    use crate::graph::fuse::attention::places::testing::{AXES, model_of_places};

    fn compare(model: &mut TypedModel, comparison: Box<dyn BinMiniOp>, inputs: [OutletId; 2]) -> OutletId {
        let name = format!("condition.{}", model.nodes().len());
        model.wire_node(name, TypedBinOp(comparison, None), &inputs).unwrap()[0]
    }

    fn shown(model: &TypedModel, condition: OutletId, when: bool) -> Option<(i64, i64)> {
        let distances = distances(model, condition, when, AXES, &mut MOST_NODES.clone())?;
        Some((distances.from, distances.to))
    }

    #[test]
    fn comparisons_of_distances_are_intervals() {
        let all = (i64::MIN, i64::MAX);
        for (comparison, magnitude, true_at, false_at) in [
            (comp_lte(), true, Some((-8, 8)), None),
            (comp_lt(), true, Some((-7, 7)), None),
            (comp_gt(), true, None, Some((-8, 8))),
            (comp_gte(), true, None, Some((-7, 7))),
            (comp_lte(), false, Some((all.0, 8)), Some((9, all.1))),
            (comp_gt(), false, Some((9, all.1)), Some((all.0, 8))),
        ] {
            let (mut model, [mut distance, _, bound]) = model_of_places(8);
            if magnitude {
                distance = model.wire_node("negative", neg(), &[distance]).unwrap()[0];
                distance = model.wire_node("magnitude", abs(), &[distance]).unwrap()[0];
            }
            let condition = compare(&mut model, comparison, [distance, bound]);
            assert_eq!([true, false].map(|when| shown(&model, condition, when)), [true_at, false_at]);
        }
    }

    #[test]
    fn conditions_meet_and_other_numbers_are_no_distances() {
        let (mut model, [distance, product, bound]) = model_of_places(8);
        let behind = compare(&mut model, comp_gte(), [distance, bound]);
        let near = compare(&mut model, comp_lt(), [distance, bound]);
        let swapped = compare(&mut model, comp_gte(), [bound, distance]);
        assert_eq!(shown(&model, swapped, true), Some((i64::MIN, 8)));
        let both = model.wire_node("both", TypedBinOp(Box::new(And), None), &[swapped, behind]).unwrap()[0];
        assert_eq!(shown(&model, both, true), Some((8, 8)));
        assert_eq!(shown(&model, both, false), None);
        let either = model.wire_node("either", TypedBinOp(Box::new(Or), None), &[near, behind]).unwrap()[0];
        assert_eq!(shown(&model, either, true), None);
        let of_product = compare(&mut model, comp_lte(), [product, bound]);
        assert_eq!(shown(&model, of_product, true), None);
    }

    /// A mask that chooses between two numbers, and what [`take_window`] makes of it: the window, and the number of
    /// addends that remain.
    fn taken(
        model: &mut TypedModel,
        condition: OutletId,
        [yes, no]: [f32; 2],
        changes: TVec<AxisOp>,
    ) -> (Option<LocalWindow>, usize) {
        let name = format!("choice.{}", model.nodes().len());
        let [yes, no] = [("yes", yes), ("no", no)]
            .map(|(side, value)| model.add_const(format!("{name}.{side}"), tensor4(&[[[[value]]]])).unwrap());
        let value = model.wire_node(name, Iff, &[condition, yes, no]).unwrap()[0];
        let sequence = model.outlet_fact(condition).unwrap().shape[AXES.key].clone();
        let (window, rest) = take_window(model, tvec![Addend { value, only_where: None, changes }], AXES, &sequence);
        (window, rest.len())
    }

    #[test]
    fn masks_fall_into_windows_and_other_parts() {
        let (mut model, [distance, product, bound]) = model_of_places(8);
        let magnitude = model.wire_node("magnitude", abs(), &[distance]).unwrap()[0];
        let near = compare(&mut model, comp_lte(), [magnitude, bound]);
        let other = compare(&mut model, comp_lte(), [product, bound]);
        let window = Some(LocalWindow { before: 8, after: 8, first: 0 });
        assert_eq!(taken(&mut model, near, [0.0, f32::MIN], tvec![]), (window, 0));
        let both = model.wire_node("both", TypedBinOp(Box::new(And), None), &[near, other]).unwrap()[0];
        assert_eq!(taken(&mut model, both, [0.0, f32::MIN], tvec![]), (window, 1));
        // These hide near keys, hide none, or move the axes afterwards.
        assert_eq!(taken(&mut model, near, [f32::MIN, 0.0], tvec![]), (None, 1));
        assert_eq!(taken(&mut model, near, [0.0, -1.0], tvec![]), (None, 1));
        assert_eq!(taken(&mut model, near, [0.0, f32::MIN], tvec![AxisOp::Move(2, 3)]), (None, 1));
        // Keys far away show where the other condition holds.
        let either = model.wire_node("either", TypedBinOp(Box::new(Or), None), &[near, other]).unwrap()[0];
        assert_eq!(taken(&mut model, either, [0.0, f32::MIN], tvec![]), (None, 1));
        assert_eq!(taken(&mut model, other, [0.0, f32::MIN], tvec![]), (None, 1));
    }

    #[test]
    fn a_window_has_the_place_of_its_query() {
        let (mut model, [distance, _, bound]) = model_of_places(8);
        let far = compare(&mut model, comp_gte(), [distance, bound]);
        assert_eq!(taken(&mut model, far, [0.0, f32::MIN], tvec![]), (None, 1));
    }

    /// The mask that hides a pair of places if one of them is hidden in the input of this name.
    fn mask_of_pairs(input: &str) -> (TypedModel, Addend) {
        let mut model = TypedModel::default();
        let size = TDim::from(model.symbols.sym("sequence"));
        let mask = model.add_source(input, i64::fact([1.to_dim(), size])).unwrap();
        let mut of = |name: &str, axes: [usize; 2]| {
            axes.into_iter().fold(mask, |outlet, axis| {
                model.wire_node(format!("{name}.{axis}"), AxisOp::Add(axis), &[outlet]).unwrap()[0]
            })
        };
        let (keys, queries) = (of("keys", [1, 2]), of("queries", [1, 3]));
        let pairs = model.wire_node("pairs", tract_core::ops::math::mul(), &[keys, queries]).unwrap()[0];
        let condition = model.wire_node("condition", Cast { to: bool::datum_type() }, &[pairs]).unwrap()[0];
        let value = model.add_const("lowest", tensor4(&[[[[f32::MIN]]]])).unwrap();
        (model, Addend { value, only_where: Some((condition, false)), changes: tvec![] })
    }

    #[test]
    fn the_attention_mask_of_pairs_is_one_of_keys_and_that_of_another_input_is_not() {
        let (model, addend) = mask_of_pairs("attention_mask");
        let (window, parts) = window(&model, &addend, AXES).unwrap();
        assert_eq!((window, parts.len()), (None, 1));
        let (keys, when) = parts[0].only_where.unwrap();
        assert_eq!((&*model.node(keys.node).name, when), ("keys.2", false));
        let (model, addend) = mask_of_pairs("token_type_ids");
        assert!(super::window(&model, &addend, AXES).is_none());
    }
}
