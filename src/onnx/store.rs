//! The weights of a model that are kept out of its graph, each in the form that its kernel reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kernels::linear::PackedMatrix;

/// One initializer that is a matrix or a table of 8-bit integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weight {
    /// The second operand of a MatMulInteger, rows × columns with rows the contraction.
    Matrix {
        packed: Arc<PackedMatrix>,
        /// True where the file holds uint8, which are packed less 128.
        unsigned: bool,
    },
    /// What a Gather takes rows from.
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

    /// True where the file holds uint8.
    pub fn unsigned(&self) -> bool {
        match self {
            Self::Matrix { unsigned, .. } => *unsigned,
            Self::Table(table) => table.unsigned(),
        }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Matrix { packed, .. } => packed.bytes(),
            Self::Table(table) => table.bytes.len(),
        }
    }

    /// The tensor's raw data as it was in the file: row after row, one byte each.
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

/// A rows × columns table of 8-bit integers, row after row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: usize,
    unsigned: bool,
    bytes: Vec<u8>,
}

impl Table {
    /// `bytes` are whole rows of `columns`, at least 1, elements.
    pub(crate) fn new(columns: usize, unsigned: bool, bytes: Vec<u8>) -> Self {
        Self { columns, unsigned, bytes }
    }

    pub fn rows(&self) -> usize {
        self.bytes.len() / self.columns
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// True for uint8, false for int8 in two's complement.
    pub fn unsigned(&self) -> bool {
        self.unsigned
    }

    /// The elements, row after row.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The elements of one row.
    ///
    /// # Panics
    /// For a row that the table does not have.
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
    /// Puts a weight in the place of the one of this name, if there is one.
    pub(crate) fn insert(&mut self, name: String, weight: Weight) {
        self.weights.insert(name, weight);
    }

    /// Takes a weight out.
    pub fn take(&mut self, name: &str) -> Option<Weight> {
        self.weights.remove(name)
    }

    pub fn get(&self, name: &str) -> Option<&Weight> {
        self.weights.get(name)
    }

    /// In ascending order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.weights.keys().map(String::as_str)
    }

    /// In ascending order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Weight)> {
        self.weights.iter().map(|(name, weight)| (&**name, weight))
    }

    pub fn len(&self) -> usize {
        self.weights.len()
    }

    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Bytes of memory that the weights take.
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
