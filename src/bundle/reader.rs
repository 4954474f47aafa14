//! Takes a bundle in chunks of any size and puts each byte where it stays.

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

/// A manifest has some hundred bytes for each weight.
const MAX_MANIFEST_BYTES: usize = 1 << 20;

/// Room that a part gets before its bytes have come where nothing but the manifest says how many there are. Every part of a
/// bundle for an isolate of 128 MB fits: a buffer that doubled while it is filled would take twice that.
const ROOM_AHEAD: usize = 32 << 20;

/// What a bundle holds.
#[derive(Debug)]
pub struct Bundle {
    pub model: OnnxModel,
    pub tokenizer: Tokenizer,
    /// Longest pair in tokens that the model takes.
    pub max_tokens: usize,
}

/// Memory is taken for bytes that have come, or that are to come by the size that the caller gave; for what the manifest
/// alone says, as much ahead as [`ROOM_AHEAD`], one part at a time.
#[derive(Debug)]
pub struct BundleReader {
    /// Size of the whole file, where it is known or likely.
    size: Option<usize>,
    /// Whether the parts are checked against the hashes in the manifest.
    checks_parts: bool,
    expected: Expected,
    /// True where the file is as long as its manifest says.
    has_room: bool,
    waiting: VecDeque<Part>,
    max_tokens: usize,
    tokenizer: Option<Tokenizer>,
    graph: Option<OnnxModel>,
    weights: WeightStore,
}

/// What the next bytes belong to.
#[derive(Debug)]
enum Expected {
    Header(Buffer),
    Manifest { sha256: [u8; 32], bytes: Buffer },
    Part(Box<IncomingPart>),
    End,
}

/// A part on its way in.
#[derive(Debug)]
struct IncomingPart {
    part: Part,
    /// Bytes that are still to come.
    missing: usize,
    hash: Sha256,
    received: Received,
}

/// What has come of a part.
#[derive(Debug)]
enum Received {
    Tokenizer(Box<TokenizerReader>),
    Graph(Box<Parser>),
    Matrix { head: Buffer, panels: Buffer },
    Table(Buffer),
}

/// Bytes of which it is known, or claimed, how many there will be.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    whole: usize,
}

impl BundleReader {
    /// `size` is that of the whole file, where it is known or likely. With `is_pinned` the caller checks a hash of the whole
    /// file, so that those of its parts say nothing new.
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

    /// Takes the next bytes. After an error nothing more may come.
    ///
    /// # Errors
    /// `invalid_model` for a damaged file, `integrity_mismatch` for a part with another hash, `unsupported_model` for
    /// another version and for a graph or tokenizer beyond this engine, `out_of_memory`.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<()> {
        while !chunk.is_empty() {
            let wanted = match &self.expected {
                Expected::Header(bytes) | Expected::Manifest { bytes, .. } => bytes.missing(),
                Expected::Part(incoming) => incoming.missing,
                Expected::End => return Err(invalid("it goes on after its end")),
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
    /// `invalid_model` where the file is not whole.
    pub fn finish(self) -> Result<Bundle> {
        let Self { expected: Expected::End, tokenizer: Some(tokenizer), graph: Some(mut model), .. } = self else {
            return Err(invalid("it is cut off"));
        };
        model.weights.extend(self.weights);
        Ok(Bundle { model, tokenizer, max_tokens: self.max_tokens })
    }

    /// Goes on to what comes next, once all that was expected has come.
    fn advance(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.expected, Expected::End) {
            Expected::Header(bytes) => {
                let (length, sha256) = read_header(&bytes.bytes)?;
                self.expected = Expected::Manifest { sha256, bytes: Buffer { bytes: Vec::new(), whole: length } };
                return Ok(());
            }
            Expected::Manifest { sha256, bytes: Buffer { bytes, .. } } => {
                if *Sha256::digest(&bytes) != sha256 {
                    return Err(invalid("its manifest has another hash"));
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
        // An empty part has no byte that would bring it to its end.
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

    /// Takes a part that is complete.
    fn take(
        &mut self,
        IncomingPart { part: Part { kind, sha256, .. }, hash, received, .. }: IncomingPart,
    ) -> Result<()> {
        if self.checks_parts {
            let found = hexadecimal(&hash.finalize());
            if found != sha256 {
                let reason = format!("{} has the SHA-256 {found} instead of {sha256}", kind.label());
                return Err(Error::IntegrityMismatch { file: ModelFile::Bundle, reason });
            }
        }
        match (received, &kind) {
            (Received::Tokenizer(reader), _) => self.tokenizer = Some(reader.finish()?),
            (Received::Graph(parser), _) => self.graph = Some(parser.finish()?),
            (Received::Matrix { head, panels }, PartKind::Matrix { name, unsigned, .. }) => {
                let layout = kind.layout().ok_or_else(|| invalid("a matrix without a layout"))?;
                let packed = PackedMatrix::from_stored(layout, &head.bytes, panels.bytes)
                    .map_err(|reason| invalid(format!("{}: {reason}", kind.label())))?;
                let weight = Weight::Matrix { packed: Arc::new(packed), unsigned: *unsigned };
                self.insert(name, weight)?;
            }
            (Received::Table(Buffer { bytes, .. }), PartKind::Table { name, columns, unsigned, .. }) => {
                self.insert(name, Weight::Table(Arc::new(Table::new(*columns, *unsigned, bytes))))?;
            }
            _ => return Err(Error::Internal("a part became another".to_owned())),
        }
        Ok(())
    }

    fn insert(&mut self, name: &str, weight: Weight) -> Result<()> {
        if self.weights.get(name).is_some() {
            return Err(invalid(format!("two weights are called {name:?}")));
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

    /// Takes bytes of which no more come than are missing.
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
    /// For `whole` bytes, of which at most `ahead` get their room at once.
    fn new(whole: usize, ahead: usize) -> Result<Self> {
        let mut buffer = Self { bytes: Vec::new(), whole };
        buffer.grow(whole.min(ahead))?;
        Ok(buffer)
    }

    fn missing(&self) -> usize {
        self.whole - self.bytes.len()
    }

    /// Takes bytes of which no more come than are missing.
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

/// The length of the manifest and its hash.
fn read_header(bytes: &[u8]) -> Result<(usize, [u8; 32])> {
    let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |&number| u32::from_le_bytes(number));
    let (magic, rest) = bytes.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(invalid("its first bytes are not those of a bundle"));
    }
    let version = number(rest);
    if version != VERSION {
        return Err(Error::UnsupportedModel {
            file: ModelFile::Bundle,
            reason: format!("a bundle of version {version}; this engine reads version {VERSION}"),
        });
    }
    let length = number(&rest[4..]) as usize;
    if length == 0 || length > MAX_MANIFEST_BYTES {
        return Err(invalid(format!("a manifest of {length} bytes")));
    }
    let sha256 = rest[8..].first_chunk().copied().unwrap_or_default();
    Ok((length, sha256))
}
