//! Where in an ONNX file its parts are.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};

use crate::error::Result;
use crate::memory::reserve_exact;
use crate::onnx::refusal::{MODEL, invalid, unsupported, within};
use crate::onnx::tensor::{TensorFields, field, place};
use crate::onnx::wire::{Fields, Header, MAX_HEADER_BYTES, WireType};

pub const FLOAT: i32 = 1;

const GRAPH: u32 = 7;
const NODE: u32 = 1;
const INITIALIZER: u32 = 5;
const OUTPUT: u32 = 12;
const INPUT: u32 = 11;

/// All fields but the data of initializers are small.
const MAX_FIELD_BYTES: u64 = 1 << 24;
const MAX_FIELDS: usize = 1 << 18;

/// A file that can be read anywhere.
pub trait File: Read + Seek {}

impl<Any: Read + Seek> File for Any {}

/// What an initializer is to the nodes that read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Second operand of a product, its rows the contraction.
    Matrix,
    /// The same with its columns the contraction.
    TransposedMatrix,
    Table,
    /// Anything else: it stays as it is.
    Other,
}

/// A ModelProto whose initializers stay in the file.
#[derive(Debug, Default)]
pub struct Index {
    /// Fields of the model other than the graph.
    pub model: Vec<u8>,
    /// Inputs and outputs of the graph, whole fields.
    pub ends: Vec<u8>,
    /// NodeProtos.
    pub nodes: Vec<Vec<u8>>,
    pub initializers: Vec<Initializer>,
    fields: usize,
}

#[derive(Debug)]
pub struct Initializer {
    pub name: String,
    pub dims: Vec<i64>,
    pub data_type: i32,
    /// Where its TensorProto is in the file.
    start: u64,
    length: u64,
    /// Where its raw data is in the file; a length of 0 where it has none.
    raw_start: u64,
    raw_length: u64,
}

impl Index {
    pub fn read(file: &mut dyn File) -> Result<Self> {
        let mut index = Self::default();
        let end = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
        let mut position = 0;
        while position < end {
            let (header, value) = index.header(file, position, end)?;
            let next = value + header.follows;
            if header.number == GRAPH && header.wire_type == WireType::Bytes {
                index.read_graph(file, value, next)?;
            } else {
                index.model.extend(small(file, position, next)?);
            }
            position = next;
        }
        let mut names = BTreeSet::new();
        if let Some(again) = index.initializers.iter().find(|initializer| !names.insert(&*initializer.name)) {
            return Err(invalid(format!("more than one initializer is called {:?}", again.name)));
        }
        if index.nodes.is_empty() {
            return Err(invalid("not an ONNX file: it holds no graph".to_owned()));
        }
        Ok(index)
    }

    fn read_graph(&mut self, file: &mut dyn File, start: u64, end: u64) -> Result<()> {
        let mut position = start;
        while position < end {
            let (header, value) = self.header(file, position, end)?;
            let next = value + header.follows;
            match header.number {
                INITIALIZER => {
                    let initializer = self.read_initializer(file, value, next)?;
                    self.initializers.push(initializer);
                }
                NODE => self.nodes.push(small(file, value, next)?),
                INPUT | OUTPUT => self.ends.extend(small(file, position, next)?),
                _ => {}
            }
            position = next;
        }
        Ok(())
    }

    fn read_initializer(&mut self, file: &mut dyn File, start: u64, end: u64) -> Result<Initializer> {
        let mut fields = Vec::new();
        let (mut raw_start, mut raw_length) = (0, 0);
        let mut position = start;
        while position < end {
            let (header, value) = self.header(file, position, end)?;
            let next = value + header.follows;
            if header.number == field::RAW_DATA {
                (raw_start, raw_length) = (value, header.follows);
            } else {
                fields.extend(small(file, position, next)?);
            }
            position = next;
        }
        let TensorFields { name, dims, data_type, .. } = TensorFields::read(&fields)?;
        Ok(Initializer { name: name.to_owned(), dims, data_type, start, length: end - start, raw_start, raw_length })
    }

    /// The names of what the graph gives.
    pub fn outputs(&self) -> Result<Vec<&str>> {
        let mut names = Vec::new();
        for end in fields(&self.ends) {
            let end = end?;
            if end.number == OUTPUT {
                for field in fields(end.bytes()?) {
                    let field = field?;
                    if field.number == 1 {
                        names.push(field.text()?);
                    }
                }
            }
        }
        Ok(names)
    }

    /// The header at `position`, and where its value begins; all of it lies before `end`.
    fn header(&mut self, file: &mut dyn File, position: u64, end: u64) -> Result<(Header, u64)> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(unsupported(format!("more than {MAX_FIELDS} fields")));
        }
        let length = (end - position).min(MAX_HEADER_BYTES as u64);
        let bytes = small(file, position, position + length)?;
        let header = Header::read(&bytes)?.ok_or_else(|| invalid("it ends inside a field".to_owned()))?;
        let value = position + header.length as u64;
        if header.follows > end - value {
            return Err(crate::onnx::wire::beyond_the_message(&header));
        }
        Ok((header, value))
    }
}

impl Initializer {
    pub fn rows(&self) -> usize {
        usize::try_from(self.dims[0]).unwrap_or(0)
    }

    pub fn columns(&self) -> usize {
        usize::try_from(self.dims[1]).unwrap_or(0)
    }

    /// Outputs of a layer that the matrix is used in.
    pub fn outputs(&self, kind: Use) -> usize {
        if kind == Use::TransposedMatrix { self.rows() } else { self.columns() }
    }

    /// Inputs of such a layer.
    pub fn inputs(&self, kind: Use) -> usize {
        if kind == Use::TransposedMatrix { self.columns() } else { self.rows() }
    }

    /// True of a matrix of floats that has all of its data as raw bytes.
    pub fn is_float_matrix(&self) -> bool {
        let [rows, columns] = self.dims[..] else { return false };
        let (Ok(rows), Ok(columns)) = (u32::try_from(rows), u32::try_from(columns)) else { return false };
        let bytes = u64::from(rows).checked_mul(u64::from(columns)).and_then(|count| count.checked_mul(4));
        self.data_type == FLOAT && rows > 0 && columns > 0 && bytes == Some(self.raw_length)
    }

    /// True of so many floats in a row that has all of its data as raw bytes.
    pub fn is_float_vector(&self, length: usize) -> bool {
        self.data_type == FLOAT && self.dims == [length as i64] && self.raw_length == 4 * length as u64
    }

    /// The TensorProto, data included.
    pub fn whole(&self, file: &mut dyn File) -> Result<Vec<u8>> {
        let message =
            small(file, self.start, self.start + self.length).map_err(|error| within(place(&self.name), error))?;
        TensorFields::read(&message)?.check()?;
        Ok(message)
    }

    /// The numbers of some rows of a [float matrix](Self::is_float_matrix).
    pub fn floats(&self, file: &mut dyn File, start: usize, end: usize) -> Result<Vec<f32>> {
        let row_bytes = self.columns() as u64 * 4;
        let bytes = read_exact(file, self.raw_start + start as u64 * row_bytes, (end - start) * row_bytes as usize)?;
        Ok(bytes.as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect())
    }
}

/// The fields of a message, unless they are damaged.
pub fn fields(message: &[u8]) -> impl Iterator<Item = Result<crate::onnx::wire::Field<'_>>> {
    Fields::new(message)
}

fn small(file: &mut dyn File, start: u64, end: u64) -> Result<Vec<u8>> {
    let length = end - start;
    if length > MAX_FIELD_BYTES {
        return Err(unsupported(format!("a field of {length} bytes")));
    }
    read_exact(file, start, length as usize)
}

fn read_exact(file: &mut dyn File, start: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reserve_exact(&mut bytes, length, MODEL)?;
    bytes.resize(length, 0);
    file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    file.read_exact(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn unreadable(error: io::Error) -> crate::error::Error {
    invalid(format!("it cannot be read: {error}"))
}
