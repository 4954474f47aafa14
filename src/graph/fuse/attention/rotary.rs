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

/// The tensor whose halves along `axis` are turned in `outlet`.
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
