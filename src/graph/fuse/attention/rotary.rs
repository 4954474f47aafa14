//! Rotary positions in front of the product of queries and keys.
//!
//! In the graph this is x·cos + turned(x)·sin. `turned` puts the second half of a head, negated, in front of the first.

use tract_core::internal::*;
use tract_core::ops::array::{Slice, TypedConcat};
use tract_core::ops::change_axes::{AxisOp, perm_to_ops};
use tract_core::ops::math::{Add, Mul, Neg};

use crate::graph::fuse::letters::Letters;
use crate::graph::fuse::pattern::*;

/// The angles, as the graph has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotary {
    cosines: OutletId,
    sines: OutletId,
    /// The axes of batch, head, sequence and channel.
    order: [usize; 4],
}

impl Rotary {
    /// Wires cosines and sines as batch × positions × head size. `None` if they differ from head to head, or in size.
    pub fn wire(
        &self,
        model: &TypedModel,
        patch: &mut TypedModelPatch,
        name: &str,
        [batch, sequence, head_size]: [&TDim; 3],
    ) -> TractResult<Option<[OutletId; 2]>> {
        let mut wired = [self.cosines, self.sines];
        for (outlet, name) in wired.iter_mut().zip([format!("{name}.cosines"), format!("{name}.sines")]) {
            let shape = model.outlet_fact(*outlet)?.shape.to_tvec();
            rule_if!(shape.len() == 4);
            let [batches, heads, positions, channels] = self.order.map(|axis| &shape[axis]);
            rule_if!(heads.is_one() && (batches.is_one() || batches == batch));
            rule_if!(positions == sequence && channels == head_size);
            *outlet = patch.tap_model(model, *outlet)?;
            let changes = perm_to_ops(&self.order).into_iter().chain([AxisOp::Rm(1)]);
            for (index, change) in changes.enumerate() {
                *outlet = patch.wire_node(format!("{name}.{index}"), change, &[*outlet])?[0];
            }
        }
        Ok(Some(wired))
    }
}

/// The tensor before rotary positions, and their angles. `wanted` has the letters of batch, sequence, head and channel.
pub fn rotary(
    model: &TypedModel,
    outlet: OutletId,
    letters: &Letters,
    [batch, sequence, head, channel]: [char; 4],
) -> Option<(OutletId, Rotary)> {
    let letters = letters.single()?;
    let axis = |letter: char| letters.iter().position(|it| *it == letter);
    let order = [axis(batch)?, axis(head)?, axis(sequence)?, axis(channel)?];
    let sum = Some(producer(model, outlet)).filter(|node| is_binary::<Add>(node))?;
    let products = sum.inputs.iter().map(|&input| Some(producer(model, input)).filter(|node| is_binary::<Mul>(node)));
    let &[left, right] = &products.collect::<Option<TVec<_>>>()?[..] else { return None };
    let in_order = |plain: &TypedNode, turned: &TypedNode| {
        turned.inputs.iter().find_map(|&rotated| {
            let input = unturned(model, rotated, order[3])?;
            let (cosines, sines) = (other_input(plain, input)?, other_input(turned, rotated)?);
            Some((input, Rotary { cosines, sines, order }))
        })
    };
    in_order(left, right).or_else(|| in_order(right, left))
}

/// Returns the tensor if `outlet` is that tensor with its halves along `axis` turned.
fn unturned(model: &TypedModel, outlet: OutletId, axis: usize) -> Option<OutletId> {
    let joined = producer(model, outlet);
    joined.op_as::<TypedConcat>().filter(|join| join.axis == axis)?;
    let &[second, first] = &joined.inputs[..] else { return None };
    let negated = producer(model, second);
    is_function::<Neg>(negated).then_some(())?;
    let half = |outlet: OutletId| {
        let node = producer(model, outlet);
        let slice = node.op_as::<Slice>().filter(|slice| slice.axis == axis)?;
        Some((node.inputs[0], slice.start.as_i64()?, slice.end.as_i64()?))
    };
    let (first, second) = (half(first)?, half(negated.inputs[0])?);
    let size = model.outlet_fact(outlet).ok()?.shape[axis].as_i64()?;
    (size % 2 == 0 && first == (second.0, 0, size / 2) && second == (first.0, size / 2, size)).then_some(first.0)
}

#[cfg(test)]
mod tests {
    use tract_core::ops::element_wise::ElementWiseOp;
    use tract_core::ops::math::{abs, add, mul, neg};

    use super::*;

    const LETTERS: [char; 4] = ['b', 's', 'h', 'c'];

    /// Wires x·cos + turned(x)·sin, where `turned` negates by `negative` and joins the channels before and behind
    /// `middle`. Returns whether these are rotary positions of x.
    fn is_rotary(negative: ElementWiseOp, middle: usize, turn_other: bool) -> bool {
        let mut model = TypedModel::default();
        let shape = [1, 2, 5, 8].map(|size: usize| size.to_dim());
        let table = [1, 1, 5, 8].map(|size: usize| size.to_dim());
        let [x, other] = ["x", "other"].map(|name| model.add_source(name, f32::fact(&shape)).unwrap());
        let [cosines, sines] = ["cosines", "sines"].map(|name| model.add_source(name, f32::fact(&table)).unwrap());
        let mut wire = |name: &str, operator: Box<dyn TypedOp>, inputs: &[OutletId]| {
            model.wire_node(name, operator, inputs).unwrap()[0]
        };
        let source = if turn_other { other } else { x };
        let mut half = |name: &str, start: usize, end: usize| {
            wire(name, Box::new(Slice { axis: 3, start: start.to_dim(), end: end.to_dim() }), &[source])
        };
        let (first, second) = (half("first", 0, middle), half("second", middle, 8));
        let second = wire("negative", Box::new(negative), &[second]);
        let turned = wire("turned", Box::new(TypedConcat { axis: 3 }), &[second, first]);
        let plain = wire("plain", Box::new(mul()), &[x, cosines]);
        let turned = wire("turned.sines", Box::new(mul()), &[turned, sines]);
        let sum = wire("sum", Box::new(add()), &[plain, turned]);
        let letters = Letters::new(&['b', 'h', 's', 'c'].map(Some), &shape);
        let found = rotary(&model, sum, &letters, LETTERS);
        assert!(found.is_none_or(|it| it == (x, Rotary { cosines, sines, order: [0, 1, 2, 3] })));
        found.is_some()
    }

    #[test]
    fn takes_halves_that_turn_by_a_quarter() {
        assert!(is_rotary(neg(), 4, false));
        // The sign is wrong, the halves differ in size, or they are of another tensor.
        assert!(!is_rotary(abs(), 4, false));
        assert!(!is_rotary(neg(), 2, false));
        assert!(!is_rotary(neg(), 4, true));
    }

    #[test]
    fn tables_have_the_size_of_a_head_and_no_heads() {
        let fits = |cosines: [usize; 4], sines: [usize; 4]| {
            let mut model = TypedModel::default();
            let [cosines, sines] = [("cosines", cosines), ("sines", sines)]
                .map(|(name, shape)| model.add_source(name, f32::fact(shape)).unwrap());
            let rotary = Rotary { cosines, sines, order: [0, 1, 2, 3] };
            let sizes = [3, 5, 8].map(|size: usize| size.to_dim());
            let mut patch = TypedModelPatch::default();
            rotary.wire(&model, &mut patch, "tables", sizes.each_ref()).unwrap().is_some()
        };
        assert!(fits([1, 1, 5, 8], [1, 1, 5, 8]) && fits([3, 1, 5, 8], [1, 1, 5, 8]));
        for other in [[2, 1, 5, 8], [1, 2, 5, 8], [1, 1, 6, 8], [1, 1, 1, 8], [1, 1, 5, 4], [1, 1, 5, 1]] {
            assert!(!fits(other, [1, 1, 5, 8]) && !fits([1, 1, 5, 8], other), "{other:?}");
        }
    }
}
