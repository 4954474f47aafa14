//! The reader of a bundle in chunks of any size. It puts each byte in its final place.

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::manifest::{Manifest, Part, PartKind};
use super::refusal::invalid;
use super::{HEADER_BYTES, MAGIC, VERSION};
use crate::error::{Error, MemoryUse, ModelFile, Result};
use crate::hexadecimal::hexadecimal;
use crate::kernels::linear::PackedMatrix;
use crate::memory::reserve_exact;
use crate::onnx::{OnnxModel, Parser, Table, Weight, WeightStore};
use crate::tokenizer::{Tokenizer, TokenizerReader};

/// Longest manifest. One weight takes some hundred bytes of it.
const MAX_MANIFEST_BYTES: usize = 1 << 20;

/// Most memory that a part gets in advance if only the manifest announces its size. Every part of a bundle for an
/// isolate of 128 MB fits; a buffer that doubles while it fills would take twice its size.
const ROOM_AHEAD: usize = 32 << 20;

/// The contents of a bundle.
#[derive(Debug)]
pub struct Bundle {
    pub model: OnnxModel,
    pub tokenizer: Tokenizer,
    /// Longest pair of the model in tokens.
    pub max_tokens: usize,
}

/// Reads a bundle. It allocates memory for received bytes, or for bytes that the caller announced. If only the manifest
/// announces a part, the reader allocates at most `ROOM_AHEAD` bytes in advance.
#[derive(Debug)]
pub struct BundleReader {
    /// Known or probable size of the whole file.
    size: Option<usize>,
    /// True if the parts are checked against the hashes in the manifest.
    checks_parts: bool,
    expected: Expected,
    /// True if the caller announced the size that the manifest implies.
    has_room: bool,
    waiting: VecDeque<Part>,
    max_tokens: usize,
    tokenizer: Option<Tokenizer>,
    graph: Option<OnnxModel>,
    weights: WeightStore,
}

/// The section that the next bytes belong to.
#[derive(Debug)]
enum Expected {
    Header(Buffer),
    Manifest { sha256: [u8; 32], bytes: Buffer },
    Part(Box<IncomingPart>),
    End,
}

/// A part while it arrives.
#[derive(Debug)]
struct IncomingPart {
    part: Part,
    /// Number of bytes still missing.
    missing: usize,
    hash: Sha256,
    received: Received,
}

/// The received content of a part.
#[derive(Debug)]
enum Received {
    Tokenizer(Box<TokenizerReader>),
    Graph(Box<Parser>),
    Matrix { head: Buffer, panels: Buffer },
    Table(Buffer),
}

/// Bytes with a known or claimed final number.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    whole: usize,
}

impl BundleReader {
    /// `size` is the known or probable size of the whole file. With `is_pinned` the caller checks a hash of the whole
    /// file, so the reader need not check its parts.
    pub fn new(size: Option<usize>, is_pinned: bool) -> Self {
        Self {
            size,
            checks_parts: !is_pinned,
            expected: Expected::Header(Buffer { bytes: Vec::new(), whole: HEADER_BYTES }),
            has_room: false,
            waiting: VecDeque::new(),
            max_tokens: 0,
            tokenizer: None,
            graph: None,
            weights: WeightStore::default(),
        }
    }

    /// Takes the next bytes. After an error the caller must not push again.
    ///
    /// # Errors
    /// `invalid_model` for a damaged file, `integrity_mismatch` for a part with another hash, `unsupported_model` for
    /// another version. Also those of the graph and the tokenizer, and `out_of_memory`.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<()> {
        while !chunk.is_empty() {
            let wanted = match &self.expected {
                Expected::Header(bytes) | Expected::Manifest { bytes, .. } => bytes.missing(),
                Expected::Part(incoming) => incoming.missing,
                Expected::End => return Err(invalid("the file continues after its last part")),
            };
            let (now, later) = chunk.split_at(chunk.len().min(wanted));
            match &mut self.expected {
                Expected::Header(bytes) | Expected::Manifest { bytes, .. } => bytes.push(now)?,
                Expected::Part(incoming) => incoming.push(now, self.checks_parts)?,
                Expected::End => {}
            }
            if now.len() == wanted {
                self.advance()?;
            }
            chunk = later;
        }
        Ok(())
    }

    /// # Errors
    /// `invalid_model` if the file is incomplete.
    pub fn finish(self) -> Result<Bundle> {
        let Self { expected: Expected::End, tokenizer: Some(tokenizer), graph: Some(mut model), .. } = self else {
            return Err(invalid("the file ends before its last part is complete"));
        };
        model.weights.extend(self.weights);
        Ok(Bundle { model, tokenizer, max_tokens: self.max_tokens })
    }

    /// Moves on to the next section once the current one is complete.
    fn advance(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.expected, Expected::End) {
            Expected::Header(bytes) => {
                let (length, sha256) = read_header(&bytes.bytes)?;
                self.expected = Expected::Manifest { sha256, bytes: Buffer { bytes: Vec::new(), whole: length } };
                return Ok(());
            }
            Expected::Manifest { sha256, bytes: Buffer { bytes, .. } } => {
                if *Sha256::digest(&bytes) != sha256 {
                    return Err(invalid("its manifest does not match the SHA-256 in its header"));
                }
                let manifest: Manifest = serde_json::from_slice(&bytes)
                    .map_err(|error| invalid(format!("its manifest cannot be read: {error}")))?;
                manifest.check()?;
                let whole = manifest.bytes().and_then(|parts| parts.checked_add(HEADER_BYTES + bytes.len()));
                self.has_room = self.size.is_some() && self.size == whole;
                self.max_tokens = manifest.max_tokens;
                self.waiting = manifest.parts.into();
            }
            Expected::Part(incoming) => self.take(*incoming)?,
            Expected::End => {}
        }
        // No byte completes an empty part, so it is taken here.
        while let Some(part) = self.waiting.pop_front() {
            let incoming = IncomingPart::new(part, self.has_room)?;
            if incoming.missing > 0 {
                self.expected = Expected::Part(Box::new(incoming));
                return Ok(());
            }
            self.take(incoming)?;
        }
        Ok(())
    }

    /// Takes a complete part.
    fn take(
        &mut self,
        IncomingPart { part: Part { kind, sha256, .. }, hash, received, .. }: IncomingPart,
    ) -> Result<()> {
        if self.checks_parts {
            let found = hexadecimal(&hash.finalize());
            if found != sha256 {
                let reason = format!("{} has the SHA-256 {found}; {sha256} was expected", kind.label());
                return Err(Error::IntegrityMismatch { file: ModelFile::Bundle, reason });
            }
        }
        match (received, &kind) {
            (Received::Tokenizer(reader), _) => self.tokenizer = Some(reader.finish()?),
            (Received::Graph(parser), _) => self.graph = Some(parser.finish()?),
            (Received::Matrix { head, panels }, PartKind::Matrix { name, unsigned, .. }) => {
                let layout = kind.layout().ok_or_else(|| invalid("the file holds a matrix without a layout"))?;
                let packed = PackedMatrix::from_stored(layout, &head.bytes, panels.bytes)
                    .map_err(|reason| invalid(format!("{}: {reason}", kind.label())))?;
                let weight = Weight::Matrix { packed: Arc::new(packed), unsigned: *unsigned };
                self.insert(name, weight)?;
            }
            (Received::Table(Buffer { bytes, .. }), PartKind::Table { name, columns, unsigned, .. }) => {
                self.insert(name, Weight::Table(Arc::new(Table::new(*columns, *unsigned, bytes))))?;
            }
            _ => return Err(Error::Internal("a received part has another kind than its manifest says".to_owned())),
        }
        Ok(())
    }

    fn insert(&mut self, name: &str, weight: Weight) -> Result<()> {
        if self.weights.get(name).is_some() {
            return Err(invalid(format!("the file holds two weights called {name:?}; each name must be unique")));
        }
        self.weights.insert(name.to_owned(), weight);
        Ok(())
    }
}

impl IncomingPart {
    fn new(part: Part, has_room: bool) -> Result<Self> {
        let bytes = part.bytes;
        let ahead = if has_room { usize::MAX } else { ROOM_AHEAD };
        let size = (bytes <= ahead).then_some(bytes);
        let received = match &part.kind {
            PartKind::Tokenizer => Received::Tokenizer(Box::new(TokenizerReader::new(size))),
            PartKind::Graph => Received::Graph(Box::new(Parser::new(size.map(|size| size as u64)))),
            PartKind::Matrix { .. } => {
                let head = part.kind.layout().and_then(|layout| layout.head_bytes()).unwrap_or(0);
                Received::Matrix { head: Buffer::new(head, ahead)?, panels: Buffer::new(bytes - head, ahead)? }
            }
            PartKind::Table { .. } => Received::Table(Buffer::new(bytes, ahead)?),
        };
        Ok(Self { part, missing: bytes, hash: Sha256::new(), received })
    }

    /// Takes at most as many bytes as are missing.
    fn push(&mut self, bytes: &[u8], checked: bool) -> Result<()> {
        if checked {
            self.hash.update(bytes);
        }
        self.missing -= bytes.len();
        match &mut self.received {
            Received::Tokenizer(reader) => reader.push(bytes),
            Received::Graph(parser) => parser.push(bytes)?,
            Received::Matrix { head, panels } => {
                let (of_head, of_panels) = bytes.split_at(bytes.len().min(head.missing()));
                head.push(of_head)?;
                panels.push(of_panels)?;
            }
            Received::Table(table) => table.push(bytes)?,
        }
        Ok(())
    }
}

impl Buffer {
    /// Makes a buffer for `whole` bytes and allocates at most `ahead` of them at once.
    fn new(whole: usize, ahead: usize) -> Result<Self> {
        let mut buffer = Self { bytes: Vec::new(), whole };
        buffer.grow(whole.min(ahead))?;
        Ok(buffer)
    }

    fn missing(&self) -> usize {
        self.whole - self.bytes.len()
    }

    /// Takes at most as many bytes as are missing.
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let length = self.bytes.len() + bytes.len();
        if length > self.bytes.capacity() {
            self.grow(self.whole.min(2 * length))?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn grow(&mut self, capacity: usize) -> Result<()> {
        let more = capacity - self.bytes.len();
        reserve_exact(&mut self.bytes, more, MemoryUse::File(ModelFile::Bundle))
    }
}

/// Reads the length of the manifest and its hash.
fn read_header(bytes: &[u8]) -> Result<(usize, [u8; 32])> {
    let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |&number| u32::from_le_bytes(number));
    let (magic, rest) = bytes.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(invalid("the file is not a bundle: its first bytes differ from those of every bundle"));
    }
    let version = number(rest);
    if version != VERSION {
        return Err(Error::UnsupportedModel {
            file: ModelFile::Bundle,
            reason: format!(
                "the file has version {version}; this engine reads version {VERSION}, so convert the model again"
            ),
        });
    }
    let length = number(&rest[4..]) as usize;
    if length == 0 || length > MAX_MANIFEST_BYTES {
        return Err(invalid(format!("its manifest has {length} bytes; 1 to {MAX_MANIFEST_BYTES} are possible")));
    }
    let sha256 = rest[8..].first_chunk().copied().unwrap_or_default();
    Ok((length, sha256))
}
