//! The weights outside a model's graph, each in the form that its kernel reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kernels::linear::PackedMatrix;

/// One initializer that is a matrix or a table of 8-bit integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weight {
    /// The second operand of a MatMulInteger, rows × columns; the product sums over rows.
    Matrix {
        packed: Arc<PackedMatrix>,
        /// True if the file holds uint8 values, which are packed less 128.
        unsigned: bool,
    },
    /// The first operand of a Gather, which picks rows from it.
    Table(Arc<Table>),
}

impl Weight {
    pub fn rows(&self) -> usize {
        match self {
            Self::Matrix { packed, .. } => packed.rows(),
            Self::Table(table) => table.rows(),
        }
    }

    pub fn columns(&self) -> usize {
        match self {
            Self::Matrix { packed, .. } => packed.columns(),
            Self::Table(table) => table.columns(),
        }
    }

    /// Returns true if the file holds uint8 values.
    pub fn unsigned(&self) -> bool {
        match self {
            Self::Matrix { unsigned, .. } => *unsigned,
            Self::Table(table) => table.unsigned(),
        }
    }

    /// Returns the bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Matrix { packed, .. } => packed.bytes(),
            Self::Table(table) => table.bytes.len(),
        }
    }

    /// Returns the tensor's raw data as the file has it: row after row, one byte a value.
    pub fn into_raw_data(self) -> Vec<u8> {
        match self {
            Self::Matrix { packed, unsigned } => {
                let mut raw = packed.unpack();
                if unsigned {
                    raw.iter_mut().for_each(|byte| *byte ^= 0x80);
                }
                raw
            }
            Self::Table(table) => Arc::unwrap_or_clone(table).bytes,
        }
    }
}

/// A table of 8-bit integers, rows × columns, row after row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: usize,
    unsigned: bool,
    bytes: Vec<u8>,
}

impl Table {
    /// `bytes` holds whole rows of `columns` elements; `columns` is at least 1.
    pub(crate) fn new(columns: usize, unsigned: bool, bytes: Vec<u8>) -> Self {
        Self { columns, unsigned, bytes }
    }

    pub fn rows(&self) -> usize {
        self.bytes.len() / self.columns
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Returns true for uint8, false for int8 in two's complement.
    pub fn unsigned(&self) -> bool {
        self.unsigned
    }

    /// Returns the elements, row after row.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the elements of one row.
    ///
    /// # Panics
    /// If the table has no such row.
    pub fn row(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.columns..][..self.columns]
    }
}

/// The weights by the names of their initializers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightStore {
    weights: BTreeMap<String, Weight>,
}

impl WeightStore {
    /// Inserts a weight, or replaces the one with this name.
    pub(crate) fn insert(&mut self, name: String, weight: Weight) {
        self.weights.insert(name, weight);
    }

    /// Removes and returns a weight.
    pub fn take(&mut self, name: &str) -> Option<Weight> {
        self.weights.remove(name)
    }

    pub fn get(&self, name: &str) -> Option<&Weight> {
        self.weights.get(name)
    }

    /// Returns the names in ascending order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.weights.keys().map(String::as_str)
    }

    /// Returns the weights in ascending order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Weight)> {
        self.weights.iter().map(|(name, weight)| (&**name, weight))
    }

    pub fn len(&self) -> usize {
        self.weights.len()
    }

    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Returns the bytes of memory that all weights take.
    pub fn bytes(&self) -> usize {
        self.weights.values().map(Weight::bytes).sum()
    }
}

impl Extend<(String, Weight)> for WeightStore {
    fn extend<Weights: IntoIterator<Item = (String, Weight)>>(&mut self, weights: Weights) {
        self.weights.extend(weights);
    }
}

impl IntoIterator for WeightStore {
    type Item = (String, Weight);
    type IntoIter = std::collections::btree_map::IntoIter<String, Weight>;

    fn into_iter(self) -> Self::IntoIter {
        self.weights.into_iter()
    }
}
