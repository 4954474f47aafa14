//! The writer of a bundle. The same contents yield the same bytes.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::manifest::{Manifest, Part, PartKind};
use super::{HEADER_BYTES, MAGIC, VERSION};
use crate::hexadecimal::hexadecimal;
use crate::onnx::{OnnxModel, Weight};

/// The contents of a new bundle.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    /// Name of the model.
    pub name: &'a str,
    /// Longest pair of the model in tokens.
    pub max_tokens: usize,
    /// A `tokenizer.json`, as JSON or in the compact form.
    pub tokenizer: &'a [u8],
    pub model: &'a OnnxModel,
}

/// Writes the file to `output` and returns its manifest.
///
/// # Errors
/// Those of `output`.
pub fn write(contents: Contents<'_>, output: &mut dyn Write) -> io::Result<Manifest> {
    let Contents { name, max_tokens, tokenizer, model } = contents;
    let mut parts = vec![(PartKind::Tokenizer, vec![Bytes::Borrowed(tokenizer)])];
    parts.push((PartKind::Graph, vec![Bytes::Borrowed(&model.graph)]));
    for (name, weight) in model.weights.iter() {
        parts.push(match weight {
            Weight::Matrix { packed, unsigned } => {
                let bytes = vec![Bytes::Owned(packed.head()), Bytes::Borrowed(packed.panel_bytes())];
                (PartKind::of_matrix(name, packed, *unsigned), bytes)
            }
            Weight::Table(table) => (PartKind::of_table(name, table), vec![Bytes::Borrowed(table.bytes())]),
        });
    }
    let described = parts.iter().map(|(kind, bytes)| {
        let mut hash = Sha256::new();
        bytes.iter().for_each(|bytes| hash.update(bytes));
        let length = bytes.iter().map(|bytes| bytes.len()).sum();
        Part { kind: kind.clone(), bytes: length, sha256: hexadecimal(&hash.finalize()) }
    });
    let manifest = Manifest { name: name.to_owned(), max_tokens, parts: described.collect() };
    let text = serde_json::to_vec(&manifest)?;
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend(u32::try_from(text.len()).map_err(io::Error::other)?.to_le_bytes());
    header.extend(Sha256::digest(&text));
    debug_assert_eq!(header.len(), HEADER_BYTES);
    output.write_all(&header)?;
    output.write_all(&text)?;
    parts.iter().flat_map(|(_, bytes)| bytes).try_for_each(|bytes| output.write_all(bytes))?;
    Ok(manifest)
}

type Bytes<'a> = std::borrow::Cow<'a, [u8]>;
