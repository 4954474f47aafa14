//! The builder of a [`Trie`](super::trie::Trie): it sorts the keys while it makes the double array.

use std::ops::Range;

use super::trie::{FREE_UNIT, HAS_VALUE, LEAF, LONGEST_KEY, PAYLOAD_LIMIT, PAYLOAD_SHIFT, ROOT_LABEL, VALUE_LABEL};
use crate::error::{Error, ModelFile, Result};

/// Units of a block. The children of a node lie in one block, since a label changes only the low 8 bits of a place.
const BLOCK: usize = 256;

/// Blocks that the search for a place covers. The builder abandons free units further back.
const SEARCHED_BLOCKS: usize = 16;

/// Units that the search covers. Rings of this size hold their state.
const SEARCHED: usize = SEARCHED_BLOCKS * BLOCK;

const NONE: u32 = u32::MAX;

/// From as many keys on, counting sorts faster than comparing.
const COUNTED: usize = 96;

/// Keys for which the builder keeps memory between nodes.
const MOST_KEPT: usize = 1 << 14;

/// A node before its children have places. The keys of `keys` share their first `depth` bytes.
struct Pending {
    unit: u32,
    keys: Range<usize>,
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

/// Builds the units for the keys of these values, and sorts the values by their keys. Keys are UTF-8 and not empty. The
/// largest value of equal keys counts.
///
/// # Errors
/// `unsupported_model` if a value or the array is too large for a unit, or a key is longer than [`LONGEST_KEY`].
pub(super) fn build<'keys>(values: &mut [u32], key: impl Fn(u32) -> &'keys [u8]) -> Result<Vec<u32>> {
    if values.iter().any(|&value| value as usize >= PAYLOAD_LIMIT || key(value).len() > LONGEST_KEY) {
        return Err(too_large());
    }
    values.sort_unstable();
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
    let mut waiting = vec![Pending { unit: 0, keys: 0..values.len(), depth: 0 }];
    let (mut labels, mut children, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(Pending { unit, keys, depth }) = waiting.pop() {
        if let &[value] = &values[keys.clone()] {
            builder.add_tail(unit, &key(value)[depth..], value)?;
            continue;
        }
        children.clear();
        sort_by_byte(&mut values[keys.clone()], |value| key(value).get(depth).copied(), &mut scratch, &mut children);
        labels.clear();
        labels.extend(children.iter().map(|(label, _)| *label));
        if labels.is_empty() {
            continue;
        }
        let offset = builder.place(&labels)?;
        builder.units[unit as usize] |= offset << PAYLOAD_SHIFT;
        for (label, range) in children.drain(..).rev() {
            let range = keys.start + range.start..keys.start + range.end;
            let child = offset ^ u32::from(label);
            builder.take(child);
            let is_value = label == VALUE_LABEL;
            if is_value {
                builder.units[unit as usize] |= HAS_VALUE;
            }
            builder.units[child as usize] = u32::from(label);
            let siblings = &values[range.clone()];
            if is_value || siblings.iter().all(|&value| key(value).len() == depth + 1) {
                let value = siblings.last().copied().unwrap_or_default();
                builder.units[child as usize] |= LEAF | value << PAYLOAD_SHIFT;
            } else {
                waiting.push(Pending { unit: child, keys: range, depth: depth + 1 });
            }
        }
    }
    builder.units.shrink_to_fit();
    Ok(builder.units)
}

/// Sorts ascending values by a byte of their keys; those without it come first. Equal bytes keep values ascending.
/// `children` receives the label and the range of each byte. The contents of `scratch` do not matter.
fn sort_by_byte(
    values: &mut [u32],
    byte: impl Fn(u32) -> Option<u8>,
    scratch: &mut Vec<(u16, u32)>,
    children: &mut Vec<(u8, Range<usize>)>,
) {
    let label = |rank: u16| rank.checked_sub(1).map_or(VALUE_LABEL, |byte| byte as u8);
    scratch.clear();
    scratch.extend(values.iter().map(|&value| (byte(value).map_or(0, |byte| u16::from(byte) + 1), value)));
    if values.len() < COUNTED {
        scratch.sort_unstable();
        values.iter_mut().zip(&*scratch).for_each(|(value, &(_, sorted))| *value = sorted);
        let mut start = 0;
        for equal in scratch.chunk_by(|one, other| one.0 == other.0) {
            children.push((label(equal[0].0), start..start + equal.len()));
            start += equal.len();
        }
        return;
    }
    let mut ends = [0; 257];
    scratch.iter().for_each(|&(rank, _)| ends[usize::from(rank)] += 1);
    let mut end = 0;
    for (rank, count) in (0..).zip(&mut ends).filter(|(_, count)| **count > 0) {
        children.push((label(rank), end..end + *count));
        (*count, end) = (end, end + *count);
    }
    for &(rank, value) in &*scratch {
        let place = &mut ends[usize::from(rank)];
        values[*place] = value;
        *place += 1;
    }
    // Only the first levels have that many keys.
    scratch.shrink_to(MOST_KEPT);
}

impl Builder {
    /// Adds the rest of a key that shares no more bytes with others.
    fn add_tail(&mut self, mut unit: u32, tail: &[u8], value: u32) -> Result<()> {
        for &byte in tail {
            let offset = self.place(&[byte])?;
            self.units[unit as usize] |= offset << PAYLOAD_SHIFT;
            unit = offset ^ u32::from(byte);
            self.take(unit);
            self.units[unit as usize] = u32::from(byte);
        }
        self.units[unit as usize] |= LEAF | value << PAYLOAD_SHIFT;
        Ok(())
    }

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
