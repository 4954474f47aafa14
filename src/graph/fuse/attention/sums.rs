//! Sums of a mask and a bias, which some exporters compute before they add them to the scores.
//!
//! Such a sum has a number for each head, query and key. A mask alone has one for each key, and a bias may follow from
//! less than its size, too.

use tract_core::internal::*;
use tract_core::ops::math::Add;

use super::addends::Addend;
use crate::graph::fuse::broadcast::without_broadcasts;
use crate::graph::fuse::pattern::{is_binary, producer};

/// The addends, with each sum of a mask and another tensor as two. `shared` are the axes on which a mask has length 1:
/// those of heads and of queries.
pub fn apart(model: &TypedModel, addends: TVec<Addend>, shared: [usize; 2]) -> TVec<Addend> {
    let is_mask = |outlet: OutletId| {
        let fact = model.outlet_fact(without_broadcasts(model, outlet));
        fact.is_ok_and(|fact| shared.iter().all(|&axis| fact.shape.get(axis).is_some_and(TDim::is_one)))
    };
    let summands = |addend: &Addend| {
        let sum = producer(model, addend.value);
        let plain = addend.changes.is_empty() && addend.only_where.is_none();
        (plain && is_binary::<Add>(sum) && sum.inputs.iter().any(|&input| is_mask(input))).then_some(&sum.inputs)
    };
    let mut remaining = addends;
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
        let mut sum = |name: &str, inputs: [OutletId; 2]| model.wire_node(name, add(), &inputs).unwrap()[0];
        let biases = sum("biases", [bias, other]);
        let all = sum("all", [biases, mask]);
        let addend = |value: OutletId| Addend { value, only_where: None, changes: tvec![] };
        let values = |addends: TVec<Addend>| -> Vec<OutletId> {
            apart(&model, addends, [1, 2]).iter().map(|addend| addend.value).collect()
        };
        assert_eq!(values(tvec![addend(all), addend(other)]), [biases, mask, other]);
        assert_eq!(values(tvec![addend(biases)]), [biases]);
        let chosen = Addend { only_where: Some((mask, true)), ..addend(all) };
        assert_eq!(values(tvec![chosen]), [all]);
    }
}
