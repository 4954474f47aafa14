//! A double-array trie over the bytes of pieces (Aoe, *An Efficient Digital Search Algorithm by Using a Double-Array
//! Structure*, 1989). It finds the pieces at the start of a text with one array access a byte.
//!
//! | bits of a unit | content |
//! | --- | --- |
//! | 0 to 7 | label of the edge to it |
//! | 8 | it is a leaf |
//! | 9 | a key ends here, and a child holds its value |
//! | 10 to 31 | value of a leaf, offset of a node |
//!
//! The child of a node for byte `b` is the unit at `offset ^ b`, if its label is `b`. No two nodes share an offset. Two
//! labels are bytes that UTF-8 lacks: 255 marks a child that holds a value, 254 marks free units and the root. No edge
//! leads to the root, though its place may be the offset of a node.
//!
//! The crate yada 0.5 has the same shape. It builds this model's vocabulary ten times more slowly, finds pieces at two
//! thirds of the speed, and takes no key with a NUL. For the 3.4 MB of this trie, crawdad 0.4 takes 8.8 MB and
//! daachorse 1 takes 12.4 MB.

use crate::error::{Error, ModelFile, Result};

pub(super) const LEAF: u32 = 1 << 8;
pub(super) const HAS_VALUE: u32 = 1 << 9;
pub(super) const PAYLOAD_SHIFT: u32 = 10;
pub(super) const VALUE_LABEL: u8 = 255;
pub(super) const FREE_UNIT: u32 = 254 | LEAF;
pub(super) const ROOT_LABEL: u32 = 254;

/// Upper limit of values and offsets, exclusive.
pub(super) const PAYLOAD_LIMIT: usize = 1 << (32 - PAYLOAD_SHIFT);

/// Longest key in bytes, many times the longest of any vocabulary. It bounds the cost of a damaged array with a cycle.
pub const LONGEST_KEY: usize = (1 << 10) - 1;

/// Finds the pieces at the start of a text. A search is safe in any array of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trie {
    units: Vec<u32>,
}

impl Trie {
    /// # Errors
    /// `invalid_model` without a root, for a root that is a leaf, or for a leaf with a value of `values` or more.
    pub fn from_units(mut units: Vec<u32>, values: usize) -> Result<Self> {
        let damaged = |reason: &str| Error::InvalidModel { file: ModelFile::Tokenizer, reason: reason.to_owned() };
        let root = units.first_mut().ok_or_else(|| damaged("its trie is empty"))?;
        if *root & LEAF != 0 {
            return Err(damaged("the root of its trie is a leaf"));
        }
        // Files of version 1 may have another label there.
        *root = *root & !0xff | ROOT_LABEL;
        let is_used = |unit: &&u32| **unit & LEAF != 0 && **unit != FREE_UNIT;
        if units.iter().filter(is_used).any(|unit| (unit >> PAYLOAD_SHIFT) as usize >= values) {
            return Err(damaged("its trie names a piece outside its vocabulary"));
        }
        Ok(Self { units })
    }

    pub fn units(&self) -> &[u32] {
        &self.units
    }

    /// Calls `found(length, value)` for each key at the start of `text`, shortest first.
    #[inline]
    pub fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let Some(&root) = self.units.first() else { return };
        let mut offset = root >> PAYLOAD_SHIFT;
        for (index, &byte) in text.iter().take(LONGEST_KEY).enumerate() {
            let Some(&unit) = self.units.get((offset ^ u32::from(byte)) as usize) else { return };
            if unit & 0xff != u32::from(byte) {
                return;
            }
            let payload = unit >> PAYLOAD_SHIFT;
            if unit & LEAF != 0 {
                found(index + 1, payload);
                return;
            }
            if unit & HAS_VALUE != 0
                && let Some(value) = self.value_below(payload)
            {
                found(index + 1, value);
            }
            offset = payload;
        }
    }

    /// Returns the value of exactly `key`, which must not be empty.
    pub fn get(&self, key: &[u8]) -> Option<u32> {
        let mut value = None;
        self.prefixes(key, |length, found| {
            if length == key.len() {
                value = Some(found);
            }
        });
        value
    }

    /// Calls `visit(key, value)` for every key that is valid UTF-8, in byte order.
    pub fn for_each(&self, mut visit: impl FnMut(&str, u32)) {
        // A damaged array may hold cycles. A walk of a sound one visits each unit at most once.
        let mut budget = self.units.len();
        let mut key = Vec::new();
        let mut waiting = vec![(0_u32, 0_usize, None::<u8>)];
        while let Some((index, depth, byte)) = waiting.pop() {
            let Some((&unit, left)) = self.units.get(index as usize).zip(budget.checked_sub(1)) else { return };
            budget = left;
            key.truncate(depth);
            key.extend(byte);
            let payload = unit >> PAYLOAD_SHIFT;
            let value = if unit & LEAF != 0 {
                Some(payload)
            } else if unit & HAS_VALUE != 0 {
                self.value_below(payload)
            } else {
                None
            };
            if let (Some(value), Ok(key)) = (value, std::str::from_utf8(&key)) {
                visit(key, value);
            }
            if unit & LEAF == 0 {
                for label in (0..=253_u8).rev() {
                    let child = payload ^ u32::from(label);
                    let is_child = |unit: &u32| unit & 0xff == u32::from(label);
                    if self.units.get(child as usize).is_some_and(is_child) {
                        waiting.push((child, key.len(), Some(label)));
                    }
                }
            }
        }
    }

    #[inline]
    fn value_below(&self, offset: u32) -> Option<u32> {
        let unit = *self.units.get((offset ^ u32::from(VALUE_LABEL)) as usize)?;
        (unit & 0xff == u32::from(VALUE_LABEL) && unit & LEAF != 0).then_some(unit >> PAYLOAD_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::trie_builder;
    use super::*;

    fn trie(keys: &[&str]) -> Trie {
        let mut values: Vec<u32> = (0..keys.len() as u32).rev().collect();
        let units = trie_builder::build(&mut values, |index| keys[index as usize].as_bytes()).unwrap();
        Trie::from_units(units, keys.len()).unwrap()
    }

    #[test]
    fn finds_the_keys_that_a_text_starts_with() {
        let keys = ["\0", "\0\0", "a", "ab", "abcd", "b", "é", "\u{10ffff}"];
        let trie = trie(&keys);
        let found = |text: &str| {
            let mut found = Vec::new();
            trie.prefixes(text.as_bytes(), |length, value| found.push((length, keys[value as usize])));
            found
        };
        assert_eq!(found("abcde"), [(1, "a"), (2, "ab"), (4, "abcd")]);
        assert_eq!(found("\0\0\0"), [(1, "\0"), (2, "\0\0")]);
        assert_eq!(found("éa"), [(2, "é")]);
        assert_eq!(found("\u{10fffe}"), []);
        assert_eq!(found(""), []);
        for (value, key) in keys.iter().enumerate() {
            assert_eq!(trie.get(key.as_bytes()), Some(value as u32));
        }
        assert_eq!(trie.get(b"abc"), None);
        assert_eq!(trie.get(b""), None);
    }

    proptest! {
        /// Some keys come several times: the last one counts. Some nodes have many keys, others few.
        #[test]
        fn finds_what_a_map_finds(
            keys in prop::collection::vec("[\0\x01ab]{1,5}", 1..400),
            text in "[\0\x01ab]{0,9}",
        ) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let last: BTreeMap<&str, u32> = keys.iter().copied().zip(0..).collect();
            let mut found = Vec::new();
            trie(&keys).prefixes(text.as_bytes(), |length, value| found.push((length, value)));
            let starts = (1..=text.len()).map(|length| (length, &text[..length]));
            let expected: Vec<_> =
                starts.filter_map(|(length, start)| last.get(start).map(|&value| (length, value))).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn lists_its_keys_in_order() {
        let keys = ["a", "ab", "abc", "b", "cd"];
        let mut listed = Vec::new();
        trie(&keys).for_each(|key, value| listed.push((key.to_owned(), value)));
        let expected: Vec<_> = keys.iter().zip(0..).map(|(&key, value)| (key.to_owned(), value)).collect();
        assert_eq!(listed, expected);
    }

    #[test]
    fn no_key_makes_a_trie_that_finds_nothing() {
        assert_eq!(trie(&[]).get(b"a"), None);
    }

    #[test]
    fn any_array_is_searched_without_a_panic() {
        for unit in [0, LEAF, HAS_VALUE, !LEAF, u32::from(b'a') | HAS_VALUE | 300 << PAYLOAD_SHIFT] {
            let Ok(trie) = Trie::from_units(vec![unit; 400], 1) else { continue };
            trie.prefixes(b"aaaa\0\0\0", |_, value| assert_eq!(value, 0));
            trie.for_each(|_, value| assert_eq!(value, 0));
        }
    }

    #[test]
    fn a_leaf_is_no_root() {
        assert_eq!(Trie::from_units(vec![u32::MAX], 1).unwrap_err().code(), "invalid_model");
    }

    #[test]
    fn no_cycle_is_followed_for_ever() {
        let round = u32::from(b'a') | HAS_VALUE | u32::from(b'b') << PAYLOAD_SHIFT;
        let mut units = vec![round; 256];
        units[usize::from(b'b' ^ VALUE_LABEL)] = u32::from(VALUE_LABEL) | LEAF;
        let mut longest = 0;
        Trie::from_units(units, 1).unwrap().prefixes(&[b'a'; 3 * LONGEST_KEY], |length, _| longest = length);
        assert_eq!(longest, LONGEST_KEY);
    }
}
