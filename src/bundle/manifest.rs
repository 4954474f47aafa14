//! What a bundle holds, and what must be true of that before memory is taken for it.

use serde::{Deserialize, Serialize};

use super::refusal::invalid;
use crate::error::Result;
use crate::kernels::attention::MAX_KEYS;
use crate::kernels::linear::PackedMatrix;
use crate::kernels::linear::panels::Encoding;
use crate::kernels::linear::stored::Layout;
use crate::onnx::Table;

/// Most tokens of a pair in any model: attention's sums are exact up to there.
pub const MOST_TOKENS: usize = MAX_KEYS;

/// The first part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the model is called.
    pub name: String,
    /// Longest pair in tokens that the model takes, at most [`MOST_TOKENS`].
    pub max_tokens: usize,
    /// In the order of the file.
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
    /// A `tokenizer.json` in its own or the compact form.
    Tokenizer,
    /// A ModelProto of which each weight is an input.
    Graph,
    /// The second operand of a MatMulInteger.
    Matrix {
        name: String,
        rows: usize,
        columns: usize,
        /// Bits of a weight: 4, 7 or 8.
        bits: u8,
        /// Number of corrections in its head.
        #[serde(default, skip_serializing_if = "is_zero")]
        corrections: usize,
        /// Number of tables in its head.
        #[serde(default, skip_serializing_if = "is_zero")]
        tables: usize,
        /// True where the graph holds it for uint8, which are packed less 128.
        #[serde(default, skip_serializing_if = "is_false")]
        unsigned: bool,
    },
    /// What a Gather takes rows from.
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

    /// What it is, for messages.
    pub fn label(&self) -> String {
        match self {
            Self::Tokenizer => "the tokenizer".to_owned(),
            Self::Graph => "the graph".to_owned(),
            Self::Matrix { name, .. } => format!("matrix {name:?}"),
            Self::Table { name, .. } => format!("table {name:?}"),
        }
    }

    /// How a matrix is stored; `None` of other parts, and of one with a number of bits that none has.
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

    /// The size that its shape asks for; `None` where there is no shape, or an impossible one.
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
    /// Checks the longest pair, and that the parts are in order and as large as their shapes.
    ///
    /// # Errors
    /// `invalid_model`.
    pub fn check(&self) -> Result<()> {
        if !(1..=MOST_TOKENS).contains(&self.max_tokens) {
            return Err(invalid(format!("its longest pair has {} tokens, not 1 to {MOST_TOKENS}", self.max_tokens)));
        }
        let [Part { kind: PartKind::Tokenizer, .. }, Part { kind: PartKind::Graph, .. }, weights @ ..] =
            &self.parts[..]
        else {
            return Err(invalid("its parts do not begin with tokenizer and graph"));
        };
        for Part { kind, bytes, .. } in weights {
            if matches!(kind, PartKind::Tokenizer | PartKind::Graph) {
                return Err(invalid(format!("{} comes twice", kind.label())));
            }
            if kind.shaped_bytes() != Some(*bytes) {
                return Err(invalid(format!("{} has {bytes} bytes, which its shape does not ask for", kind.label())));
            }
        }
        Ok(())
    }

    /// Bytes of all parts; `None` where memory cannot hold as many.
    pub fn bytes(&self) -> Option<usize> {
        self.parts.iter().try_fold(0usize, |sum, part| sum.checked_add(part.bytes))
    }
}
