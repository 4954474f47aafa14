//! Names for the axes of a tensor that survive transposes and reshapes.
//!
//! Exporters put heads in front of rows, behind them, or merge them with the batch. With a letter for each axis of a
//! product, a rewrite follows an operand up, and the result down. It ends at a tensor that has its axes in the order it
//! needs.

use std::collections::HashMap;

use tract_core::internal::*;
use tract_core::ops::math::Mul;

use super::pattern::{is_binary, only_reader, producer, scalar, variable_and_constant};

/// The axes of a tensor, each as the letters of the axes that it merges, the slowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letters {
    axes: TVec<TVec<char>>,
    sizes: HashMap<char, TDim>,
}

impl Letters {
    /// One letter for each axis, or none for an axis of length 1.
    pub fn new(letters: &[Option<char>], shape: &[TDim]) -> Self {
        Self {
            axes: letters.iter().map(|letter| letter.iter().copied().collect()).collect(),
            sizes: letters.iter().zip(shape).filter_map(|(&letter, size)| Some((letter?, size.clone()))).collect(),
        }
    }

    /// True if the axes have these letters.
    pub fn are(&self, axes: &[&[char]]) -> bool {
        self.axes.len() == axes.len() && self.axes.iter().zip(axes).all(|(axis, letters)| axis[..] == **letters)
    }

    /// The axis that has this letter alone.
    pub fn axis_of(&self, letter: char) -> Option<usize> {
        self.axes.iter().position(|axis| axis[..] == [letter])
    }

    /// The same letters, with `new`, of this size, in place of `old`.
    pub fn renamed(&self, old: char, new: char, size: TDim) -> Self {
        let rename = |letter: &char| if *letter == old { new } else { *letter };
        let axes = self.axes.iter().map(|axis| axis.iter().map(rename).collect()).collect();
        let sizes = self.sizes.iter().filter(|(letter, _)| **letter != old);
        Self { axes, sizes: sizes.map(|(letter, size)| (*letter, size.clone())).chain([(new, size)]).collect() }
    }

    /// The order of the axes in which those of length 1 come first, and then these letters. `None` if an axis has
    /// several letters, or another one.
    pub fn order_of(&self, wanted: &[char]) -> Option<TVec<usize>> {
        let lone = (0..self.axes.len()).filter(|&axis| self.axes[axis].is_empty()).map(Some);
        let order = lone.chain(wanted.iter().map(|&letter| self.axis_of(letter))).collect::<Option<TVec<usize>>>()?;
        (order.len() == self.axes.len()).then_some(order)
    }

    /// The letters of a tile's input, given those of its output, if it repeats only along this letter.
    pub fn above_tile(&self, multipliers: &[TDim], letter: char) -> Option<Self> {
        let mut above = self.clone();
        for (axis, multiplier) in above.axes.iter_mut().zip(multipliers).filter(|(_, multiplier)| !multiplier.is_one())
        {
            (axis.first() == Some(&letter) && self.sizes.get(&letter) == Some(multiplier)).then_some(())?;
            axis.remove(0);
        }
        Some(above)
    }

    /// The letters of four axes with one each.
    pub fn single(&self) -> Option<[char; 4]> {
        let letters: TVec<char> = self.axes.iter().filter_map(|axis| axis.first().copied()).collect();
        let single = self.axes.iter().all(|axis| axis.len() == 1);
        letters.as_array().copied().filter(|_| single)
    }

    /// The letters of an operator's input, given those of its output. `None` if the operator splits a letter, or
    /// removes one.
    pub fn above(&self, change: &AxisOp) -> Option<Self> {
        // tract's own inverse drops axes of length 1, which may be heads.
        self.below(&match change {
            AxisOp::Move(from, to) => AxisOp::Move(*to, *from),
            AxisOp::Reshape(at, from, to) => AxisOp::Reshape(*at, to.clone(), from.clone()),
            AxisOp::Add(axis) => AxisOp::Rm(*axis),
            AxisOp::Rm(axis) => AxisOp::Add(*axis),
        })
    }

    /// The letters of an operator's output, given those of its input. `None` if the operator splits a letter, or
    /// removes one.
    pub fn below(&self, change: &AxisOp) -> Option<Self> {
        let mut axes = self.axes.clone();
        match change {
            AxisOp::Move(from, to) => {
                let axis = axes.remove(*from);
                axes.insert(*to, axis);
            }
            AxisOp::Reshape(at, from, to) => self.regroup(&mut axes, *at, from.len(), to)?,
            AxisOp::Add(axis) => axes.insert(*axis, tvec![]),
            AxisOp::Rm(axis) => axes.remove(*axis).is_empty().then_some(())?,
        }
        Some(Self { axes, sizes: self.sizes.clone() })
    }

    /// Replaces `count` axes from `at` on by axes of these sizes.
    fn regroup(&self, axes: &mut TVec<TVec<char>>, at: usize, count: usize, sizes: &[TDim]) -> Option<()> {
        let mut letters = axes.drain(at..at + count).flatten().collect::<Vec<_>>().into_iter();
        for (place, size) in sizes.iter().enumerate() {
            let (mut axis, mut product) = (tvec![], 1.to_dim());
            while product != *size {
                let letter = letters.next()?;
                product *= self.sizes.get(&letter)?;
                axis.push(letter);
            }
            axes.insert(at + place, axis);
        }
        letters.next().is_none().then_some(())
    }
}

/// A tensor, its letters, and the factor by which the tensors below it multiply its numbers.
#[derive(Debug, Clone)]
pub struct Scaled {
    pub outlet: OutletId,
    pub letters: Letters,
    pub factor: f32,
}

impl Scaled {
    pub fn new(outlet: OutletId, letters: Letters) -> Self {
        Self { outlet, letters, factor: 1.0 }
    }

    /// Goes up through a change of axes or a product with a single number; returns false at another operator. `None` if
    /// the change splits a letter, or removes one.
    fn step(&mut self, model: &TypedModel) -> Option<bool> {
        let node = producer(model, self.outlet);
        if let Some(change) = node.op_as::<AxisOp>() {
            self.letters = self.letters.above(change)?;
            self.outlet = node.inputs[0];
            return Some(true);
        }
        Some(self.step_through_factor(model))
    }

    fn step_through_factor(&mut self, model: &TypedModel) -> bool {
        let Some((variable, number)) = factor(model, self.outlet) else { return false };
        self.outlet = variable;
        self.factor *= number;
        true
    }

    /// Goes up to the next operator that is neither a change of axes nor a product with a single number.
    pub fn above_changes(mut self, model: &TypedModel) -> Option<Self> {
        while self.step(model)? {}
        Some(self)
    }
}

/// Follows `outlet` up through changes of its axes and products with single numbers, to the tensor with the letters
/// `wanted` on its axes. Returns that tensor and the product of the numbers. At another operator, `through` returns the
/// input to go on from. That input has the same axes.
pub fn source(
    model: &TypedModel,
    outlet: OutletId,
    letters: Letters,
    wanted: &[&[char]],
    through: &mut dyn FnMut(OutletId, &Letters) -> Option<OutletId>,
) -> Option<(OutletId, f32)> {
    let mut found = Scaled::new(outlet, letters);
    while !found.letters.are(wanted) {
        if !found.step(model)? {
            found.outlet = through(found.outlet, &found.letters)?;
        }
    }
    while found.step_through_factor(model) {}
    Some((found.outlet, found.factor))
}

/// Follows the only readers of a node through changes of axes, to the node with the letters `wanted` on its output.
pub fn destination<'model>(
    model: &'model TypedModel,
    mut node: &'model TypedNode,
    mut letters: Letters,
    wanted: &[&[char]],
) -> Option<&'model TypedNode> {
    while !letters.are(wanted) {
        node = only_reader(model, node)?;
        letters = letters.below(node.op_as::<AxisOp>()?)?;
    }
    Some(node)
}

/// The tensor that `outlet` scales by a single number, and the number.
pub fn factor(model: &TypedModel, outlet: OutletId) -> Option<(OutletId, f32)> {
    let scaled = Some(producer(model, outlet)).filter(|node| is_binary::<Mul>(node))?;
    let (variable, constant) = variable_and_constant(model, scaled)?;
    Some((variable, scalar(&constant)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Letters {
        Letters::new(&['b', 'h', 'm', 'k'].map(Some), &[2, 3, 5, 7].map(|size: usize| size.to_dim()))
    }

    fn reshape(at: usize, from: &[usize], to: &[usize]) -> AxisOp {
        let sizes = |sizes: &[usize]| sizes.iter().map(|size| size.to_dim()).collect();
        AxisOp::Reshape(at, sizes(from), sizes(to))
    }

    #[test]
    fn letters_follow_their_axes_down_and_up_again() {
        let heads_behind_rows = AxisOp::Move(1, 2);
        let merged = reshape(2, &[3, 7], &[21]);
        let below = letters().below(&heads_behind_rows).unwrap().below(&merged).unwrap();
        assert!(below.are(&[&['b'], &['m'], &['h', 'k']]));
        assert_eq!(below.above(&merged).unwrap().above(&heads_behind_rows).unwrap(), letters());
    }

    #[test]
    fn letters_that_were_merged_come_apart() {
        let (merge, split) = (reshape(0, &[2, 3], &[6]), reshape(0, &[6], &[2, 3]));
        let merged = letters().below(&merge).unwrap();
        assert!(merged.are(&[&['b', 'h'], &['m'], &['k']]));
        assert_eq!(merged.below(&split).unwrap(), letters());
    }

    #[test]
    fn a_tile_adds_the_slower_letter_of_an_axis() {
        let merged = letters().below(&reshape(0, &[2, 3], &[6])).unwrap();
        let tile = |times: usize| [times.to_dim(), 1.to_dim(), 1.to_dim()];
        assert!(merged.above_tile(&tile(2), 'b').unwrap().are(&[&['h'], &['m'], &['k']]));
        assert_eq!([merged.above_tile(&tile(3), 'b'), merged.above_tile(&tile(2), 'h')], [None, None]);
    }

    #[test]
    fn axes_are_found_by_their_letters() {
        let letters = letters().below(&AxisOp::Add(1)).unwrap();
        assert_eq!(letters.axis_of('m'), Some(3));
        assert_eq!(letters.order_of(&['k', 'h', 'b', 'm']), Some(tvec![1, 4, 2, 0, 3]));
        assert_eq!(letters.order_of(&['k', 'h', 'b']), None);
        let renamed = letters.renamed('m', 'd', 11.to_dim());
        assert_eq!([renamed.axis_of('d'), renamed.axis_of('m')], [Some(3), None]);
    }

    #[test]
    fn a_letter_stays_whole() {
        for change in [reshape(2, &[5, 7], &[7, 5]), reshape(3, &[7], &[1, 7, 1]), AxisOp::Add(0)] {
            assert!(letters().below(&change).is_none_or(|letters| letters.axes.iter().any(|axis| axis.is_empty())));
        }
        assert_eq!(letters().below(&reshape(2, &[5, 7], &[7, 5])), None);
    }
}
