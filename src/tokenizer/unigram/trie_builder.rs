//! The builder of a [`Trie`](super::trie::Trie): it makes the double array from sorted keys.

use super::trie::{FREE_UNIT, HAS_VALUE, LEAF, LONGEST_KEY, PAYLOAD_LIMIT, PAYLOAD_SHIFT, ROOT_LABEL, VALUE_LABEL};
use crate::error::{Error, ModelFile, Result};

/// Units of a block. The children of a node lie in one block, since a label changes only the low 8 bits of a place.
const BLOCK: usize = 256;

/// Blocks that the search for a place covers. The builder abandons free units further back.
const SEARCHED_BLOCKS: usize = 16;

/// Units that the search covers. Rings of this size hold their state.
const SEARCHED: usize = SEARCHED_BLOCKS * BLOCK;

const NONE: u32 = u32::MAX;

/// A node before its children have places. The keys `keys` share their first `depth` bytes.
struct Pending {
    unit: u32,
    keys: std::ops::Range<usize>,
    depth: usize,
}

struct Builder {
    units: Vec<u32>,
    /// Neighbours in the circular list of free units; [`NONE`] for a used unit.
    next: Box<[u32; SEARCHED]>,
    previous: Box<[u32; SEARCHED]>,
    first_free: Option<u32>,
    /// Offsets that a node has taken.
    taken: Box<[bool; SEARCHED]>,
}

/// Returns the place in the rings for a unit.
fn slot(unit: u32) -> usize {
    unit as usize % SEARCHED
}

/// Builds the units for `count` keys. `key(i)` is the i-th key and `value(i)` its value. Keys are UTF-8, not empty,
/// sorted and distinct.
///
/// # Errors
/// `unsupported_model` if a value or the array is too large for a unit, or a key is longer than [`LONGEST_KEY`].
pub(super) fn build<'keys>(
    count: usize,
    key: impl Fn(usize) -> &'keys [u8],
    value: impl Fn(usize) -> u32,
) -> Result<Vec<u32>> {
    if (0..count).any(|index| key(index).len() > LONGEST_KEY) {
        return Err(too_large());
    }
    let mut builder = Builder {
        units: Vec::new(),
        next: Box::new([NONE; SEARCHED]),
        previous: Box::new([NONE; SEARCHED]),
        first_free: None,
        taken: Box::new([false; SEARCHED]),
    };
    builder.add_block()?;
    builder.take(0);
    builder.units[0] = ROOT_LABEL;
    let mut waiting = vec![Pending { unit: 0, keys: 0..count, depth: 0 }];
    let mut labels = Vec::new();
    let mut children = Vec::new();
    while let Some(Pending { unit, keys, depth }) = waiting.pop() {
        labels.clear();
        children.clear();
        let mut start = keys.start;
        while start < keys.end {
            let (label, end) = match key(start).get(depth) {
                None => (VALUE_LABEL, start + 1),
                Some(&byte) => {
                    let is_sibling = |&index: &usize| key(index).get(depth) == Some(&byte);
                    (byte, start + (start..keys.end).take_while(is_sibling).count())
                }
            };
            labels.push(label);
            children.push(start..end);
            start = end;
        }
        if labels.is_empty() {
            continue;
        }
        let offset = builder.place(&labels)?;
        builder.units[unit as usize] |= offset << PAYLOAD_SHIFT;
        for (&label, range) in labels.iter().zip(children.drain(..)).rev() {
            let child = offset ^ u32::from(label);
            builder.take(child);
            let is_leaf = label == VALUE_LABEL || (range.len() == 1 && key(range.start).len() == depth + 1);
            if label == VALUE_LABEL {
                builder.units[unit as usize] |= HAS_VALUE;
            }
            builder.units[child as usize] = u32::from(label);
            if is_leaf {
                let value = value(range.start);
                if value as usize >= PAYLOAD_LIMIT {
                    return Err(too_large());
                }
                builder.units[child as usize] |= LEAF | value << PAYLOAD_SHIFT;
            } else {
                waiting.push(Pending { unit: child, keys: range, depth: depth + 1 });
            }
        }
    }
    builder.units.shrink_to_fit();
    Ok(builder.units)
}

impl Builder {
    /// Finds an unused offset at which the units for all `labels` are free.
    fn place(&mut self, labels: &[u8]) -> Result<u32> {
        let first_label = u32::from(labels[0]);
        if let Some(first) = self.first_free {
            let mut free = first;
            loop {
                let offset = free ^ first_label;
                let fits = |&label: &u8| self.next[slot(offset ^ u32::from(label))] != NONE;
                if !self.taken[slot(offset)] && labels.iter().all(fits) {
                    self.taken[slot(offset)] = true;
                    return Ok(offset);
                }
                free = self.next[slot(free)];
                if free == first {
                    break;
                }
            }
        }
        let offset = self.add_block()? ^ first_label;
        self.taken[slot(offset)] = true;
        Ok(offset)
    }

    /// Appends free units and returns the place of the first.
    fn add_block(&mut self) -> Result<u32> {
        let start = self.units.len();
        if start + BLOCK > PAYLOAD_LIMIT {
            return Err(too_large());
        }
        if let Some(given_up) = start.checked_sub(SEARCHED) {
            for unit in given_up as u32..(given_up + BLOCK) as u32 {
                if self.next[slot(unit)] != NONE {
                    self.take(unit);
                }
            }
        }
        let end = start + BLOCK;
        if end > self.units.capacity() {
            // A vector would double its memory, and WebAssembly never returns the surplus.
            self.units.reserve_exact(BLOCK.max(start / 8));
        }
        self.units.resize(end, FREE_UNIT);
        let (start, end) = (start as u32, end as u32);
        for unit in start..end {
            self.next[slot(unit)] = unit + 1;
            self.previous[slot(unit)] = unit.wrapping_sub(1);
            self.taken[slot(unit)] = false;
        }
        let last = end - 1;
        let first = *self.first_free.get_or_insert(start);
        let before = if first == start { last } else { self.previous[slot(first)] };
        self.next[slot(last)] = first;
        self.previous[slot(first)] = last;
        self.next[slot(before)] = start;
        self.previous[slot(start)] = before;
        Ok(start)
    }

    /// Removes a free unit from the list.
    fn take(&mut self, unit: u32) {
        let (next, previous) = (self.next[slot(unit)], self.previous[slot(unit)]);
        self.next[slot(previous)] = next;
        self.previous[slot(next)] = previous;
        if self.first_free == Some(unit) {
            self.first_free = (next != unit).then_some(next);
        }
        self.next[slot(unit)] = NONE;
    }
}

pub(super) fn too_large() -> Error {
    Error::UnsupportedModel {
        file: ModelFile::Tokenizer,
        reason: "its vocabulary, or one of its pieces, is too large for this engine".to_owned(),
    }
}
