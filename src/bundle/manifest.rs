//! The manifest of a bundle, and the checks that it must pass before memory is allocated for its parts.

use serde::{Deserialize, Serialize};

use super::refusal::invalid;
use crate::error::Result;
use crate::kernels::attention::MAX_KEYS;
use crate::kernels::linear::PackedMatrix;
use crate::kernels::linear::panels::Encoding;
use crate::kernels::linear::stored::Layout;
use crate::onnx::Table;

/// Most tokens of a pair in any model. Attention's integer sums are exact up to this length.
pub const MOST_TOKENS: usize = MAX_KEYS;

/// The first part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the model.
    pub name: String,
    /// Longest pair of the model in tokens, at most [`MOST_TOKENS`].
    pub max_tokens: usize,
    /// The parts in the order of the file.
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    #[serde(flatten)]
    pub kind: PartKind,
    /// Size in bytes.
    pub bytes: usize,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum PartKind {
    /// A `tokenizer.json`, as JSON or in the compact form.
    Tokenizer,
    /// A ModelProto with an input for each weight.
    Graph,
    /// The second operand of a MatMulInteger.
    Matrix {
        name: String,
        rows: usize,
        columns: usize,
        /// Bits of each weight: 4, 7 or 8.
        bits: u8,
        /// Number of corrections in the stored matrix's head.
        #[serde(default, skip_serializing_if = "is_zero")]
        corrections: usize,
        /// Number of tables in the stored matrix's head.
        #[serde(default, skip_serializing_if = "is_zero")]
        tables: usize,
        /// True if the graph has it as uint8, which is packed less 128.
        #[serde(default, skip_serializing_if = "is_false")]
        unsigned: bool,
    },
    /// The first operand of a Gather, which picks rows from it.
    Table {
        name: String,
        rows: usize,
        columns: usize,
        /// True for uint8, false for int8.
        #[serde(default, skip_serializing_if = "is_false")]
        unsigned: bool,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl PartKind {
    pub fn of_matrix(name: &str, matrix: &PackedMatrix, unsigned: bool) -> Self {
        let Layout { rows, columns, encoding, corrections, tables } = Layout::of(matrix);
        let bits = match encoding {
            Encoding::FourBit => 4,
            Encoding::SevenBit => 7,
            Encoding::EightBit => 8,
        };
        Self::Matrix { name: name.to_owned(), rows, columns, bits, corrections, tables, unsigned }
    }

    pub fn of_table(name: &str, table: &Table) -> Self {
        Self::Table { name: name.to_owned(), rows: table.rows(), columns: table.columns(), unsigned: table.unsigned() }
    }

    /// Names the part in messages.
    pub fn label(&self) -> String {
        match self {
            Self::Tokenizer => "the tokenizer".to_owned(),
            Self::Graph => "the graph".to_owned(),
            Self::Matrix { name, .. } => format!("matrix {name:?}"),
            Self::Table { name, .. } => format!("table {name:?}"),
        }
    }

    /// Returns how a matrix is stored. `None` for other parts, and for an unknown number of bits.
    pub fn layout(&self) -> Option<Layout> {
        let &Self::Matrix { rows, columns, bits, corrections, tables, .. } = self else { return None };
        let encoding = match bits {
            4 => Encoding::FourBit,
            7 => Encoding::SevenBit,
            8 => Encoding::EightBit,
            _ => return None,
        };
        Some(Layout { rows, columns, encoding, corrections, tables })
    }

    /// Returns the size in bytes that the shape requires. `None` for a part without a shape, or with an impossible one.
    fn shaped_bytes(&self) -> Option<usize> {
        match self {
            Self::Table { rows, columns, .. } => rows.checked_mul(*columns).filter(|&bytes| bytes > 0),
            _ => {
                let layout = self.layout().filter(|layout| layout.rows > 0 && layout.columns > 0)?;
                layout.head_bytes()?.checked_add(layout.panel_bytes()?)
            }
        }
    }
}

impl Manifest {
    /// Checks the longest pair, the order of the parts, and their sizes against their shapes.
    ///
    /// # Errors
    /// `invalid_model`.
    pub fn check(&self) -> Result<()> {
        if !(1..=MOST_TOKENS).contains(&self.max_tokens) {
            return Err(invalid(format!(
                "its longest pair has {} tokens; 1 to {MOST_TOKENS} are possible",
                self.max_tokens
            )));
        }
        let [Part { kind: PartKind::Tokenizer, .. }, Part { kind: PartKind::Graph, .. }, weights @ ..] =
            &self.parts[..]
        else {
            return Err(invalid("its parts must begin with the tokenizer and the graph"));
        };
        for Part { kind, bytes, .. } in weights {
            if matches!(kind, PartKind::Tokenizer | PartKind::Graph) {
                return Err(invalid(format!("the file holds {} twice; it must come once", kind.label())));
            }
            if kind.shaped_bytes() != Some(*bytes) {
                return Err(invalid(format!("{} has {bytes} bytes; its shape requires another size", kind.label())));
            }
        }
        Ok(())
    }

    /// Returns the bytes of all parts, or `None` for more than memory can hold.
    pub fn bytes(&self) -> Option<usize> {
        self.parts.iter().try_fold(0usize, |sum, part| sum.checked_add(part.bytes))
    }
}
