//! Sums of a mask and a bias, which some exporters compute before they add them to the scores.
//!
//! Such a sum has a number for each head, query and key. A mask alone has one for each key, and a bias may follow from
//! less than its size, too.

use tract_core::internal::*;
use tract_core::ops::math::Add;

use super::addends::Addend;
use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::pattern::{has_length_one, is_binary, producer};

/// Most addends that sums come apart into.
const MOST_ADDENDS: usize = 32;

/// The addends, with each sum of a mask and another tensor as two, unless there are too many. `order` has the axes of
/// batch, head, row and key; a mask has length 1 on those of heads and of rows. Both summands have a number for each key.
pub fn apart(model: &TypedModel, addends: TVec<Addend>, [_, head, row, key]: [usize; 4]) -> TVec<Addend> {
    let is_one = |outlet: OutletId, axis: usize| has_length_one(model, without_broadcasts(model, outlet), axis);
    let summands = |addend: &Addend| {
        let sum = producer(model, addend.value);
        let plain = addend.changes.is_empty() && addend.only_where.is_none();
        let has_mask = sum.inputs.iter().any(|&input| is_one(input, head) && is_one(input, row));
        let all_have_keys = !sum.inputs.iter().any(|&input| is_one(input, key));
        (plain && is_binary::<Add>(sum) && has_mask && all_have_keys).then_some(&sum.inputs)
    };
    let mut remaining = addends.clone();
    let mut found = tvec![];
    while let Some(addend) = remaining.pop() {
        match summands(&addend) {
            Some(inputs) => remaining.extend(inputs.iter().map(|&input| Addend {
                value: without_broadcasts(model, input),
                only_where: None,
                changes: tvec![],
            })),
            None => found.push(addend),
        }
        if remaining.len() + found.len() > MOST_ADDENDS {
            return addends;
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use tract_core::ops::math::add;

    use super::*;

    #[test]
    fn a_mask_comes_apart_from_what_it_is_added_to() {
        let mut model = TypedModel::default();
        let mut source =
            |name: &str, shape: [usize; 4]| model.add_source(name, f32::fact(shape.map(|size| size.to_dim()))).unwrap();
        let (mask, bias, other) =
            (source("mask", [2, 1, 1, 5]), source("bias", [1, 3, 5, 5]), source("other", [2, 3, 5, 5]));
        let of_heads = source("heads", [1, 3, 1, 1]);
        let mut sum = |name: &str, inputs: [OutletId; 2]| model.wire_node(name, add(), &inputs).unwrap()[0];
        let biases = sum("biases", [bias, other]);
        let all = sum("all", [biases, mask]);
        // One number for each head has none for each key.
        let shifted = sum("shifted", [mask, of_heads]);
        let doubled = (0..40).fold(mask, |outlet, level| sum(&format!("level {level}"), [outlet, outlet]));
        let addend = |value: OutletId| Addend { value, only_where: None, changes: tvec![] };
        let values = |addends: TVec<Addend>| -> Vec<OutletId> {
            apart(&model, addends, [0, 1, 2, 3]).iter().map(|addend| addend.value).collect()
        };
        assert_eq!(values(tvec![addend(all), addend(other)]), [biases, mask, other]);
        assert_eq!(values(tvec![addend(biases)]), [biases]);
        assert_eq!(values(tvec![addend(shifted)]), [shifted]);
        assert_eq!(values(tvec![addend(doubled)]), [doubled]);
        let chosen = Addend { only_where: Some((mask, true)), ..addend(all) };
        assert_eq!(values(tvec![chosen]), [all]);
    }
}
