//! The index of an ONNX file: the places of its parts, so that weights are read only when needed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};

use crate::error::Result;
use crate::memory::reserve_exact;
use crate::onnx::refusal::{MODEL, invalid, unsupported, within};
use crate::onnx::schema::numbers::{graph, model, node, tensor};
use crate::onnx::schema::tensor::place;
use crate::onnx::schema::{Node, Tensor, floats, value_name};
use crate::onnx::wire::{Fields, Header, MAX_HEADER_BYTES, WireType, beyond_the_message, write_bytes_field};

/// Largest field other than the data of an initializer.
const MAX_FIELD_BYTES: u64 = 1 << 24;
const MAX_FIELDS: usize = 1 << 18;

/// A file that can be read from any place.
pub trait File: Read + Seek {}

impl<Any: Read + Seek> File for Any {}

/// The use that nodes make of an initializer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Second operand of a product that sums over its rows.
    Matrix,
    /// Second operand of a product that sums over its columns.
    TransposedMatrix,
    Table,
    /// Any other use; the initializer stays as it is.
    Other,
}

/// A ModelProto without its initializers, which stay in the file.
#[derive(Debug, Default)]
pub struct Index {
    /// Fields of the model other than the graph.
    pub model: Vec<u8>,
    /// Inputs and outputs of the graph, as whole fields.
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
    /// Place of its TensorProto in the file.
    start: u64,
    length: u64,
    /// Place of its raw data in the file; the length is 0 without raw data.
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
            if header.number == model::GRAPH && header.wire_type == WireType::Bytes {
                index.read_graph(file, value, next)?;
            } else {
                index.model.extend(small(file, position, next)?);
            }
            position = next;
        }
        let mut names = BTreeSet::new();
        if let Some(again) = index.initializers.iter().find(|initializer| !names.insert(&*initializer.name)) {
            return Err(invalid(format!(
                "the file has two initializers called {:?}; each name must be unique",
                again.name
            )));
        }
        if index.nodes.is_empty() {
            return Err(invalid("the file is not an ONNX file: it holds no graph".to_owned()));
        }
        index.drop_other_names()?;
        Ok(index)
    }

    /// Drops each Identity of an initializer, and lets its readers name the initializer. TorchScript writes these for
    /// weights that layers share.
    fn drop_other_names(&mut self) -> Result<()> {
        let outputs = self.outputs()?;
        let mut others: BTreeMap<String, String> = BTreeMap::new();
        for message in &self.nodes {
            let node = Node::read(message)?;
            if let (true, "Identity", [input], [output]) =
                (node.is_standard(), node.operator, &node.inputs[..], &node.outputs[..])
                && !outputs.contains(output)
            {
                others.insert((*output).to_owned(), (*input).to_owned());
            }
        }
        let names: BTreeSet<&str> = self.initializers.iter().map(|initializer| &*initializer.name).collect();
        // A chain without an initializer at its end, such as a circle, is no other name.
        let initializer = |name: &str| {
            let mut steps = std::iter::successors(others.get(name), |&name| others.get(name)).take(others.len());
            steps.find(|name| names.contains(name.as_str())).cloned()
        };
        let others: BTreeMap<String, String> =
            others.keys().filter_map(|name| Some((name.clone(), initializer(name)?))).collect();
        if others.is_empty() {
            return Ok(());
        }
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for message in std::mem::take(&mut self.nodes) {
            let node = Node::read(&message)?;
            if node.operator == "Identity" && node.outputs.iter().any(|output| others.contains_key(*output)) {
                continue;
            }
            let renamed = node.inputs.iter().any(|input| others.contains_key(*input));
            nodes.push(if renamed { with_inputs(&message, &others)? } else { message });
        }
        self.nodes = nodes;
        Ok(())
    }

    fn read_graph(&mut self, file: &mut dyn File, start: u64, end: u64) -> Result<()> {
        let mut position = start;
        while position < end {
            let (header, value) = self.header(file, position, end)?;
            let next = value + header.follows;
            match header.number {
                graph::INITIALIZER => {
                    let initializer = self.read_initializer(file, value, next)?;
                    self.initializers.push(initializer);
                }
                graph::NODE => self.nodes.push(small(file, value, next)?),
                graph::INPUT | graph::OUTPUT => self.ends.extend(small(file, position, next)?),
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
            if header.number == tensor::RAW_DATA {
                (raw_start, raw_length) = (value, header.follows);
            } else {
                fields.extend(small(file, position, next)?);
            }
            position = next;
        }
        let Tensor { name, dims, data_type, .. } = Tensor::read(&fields)?;
        Ok(Initializer { name: name.to_owned(), dims, data_type, start, length: end - start, raw_start, raw_length })
    }

    /// Returns the names of the graph's outputs.
    pub fn outputs(&self) -> Result<Vec<&str>> {
        let mut names = Vec::new();
        for end in Fields::new(&self.ends) {
            let end = end?;
            if end.number == graph::OUTPUT {
                names.push(value_name(end.bytes()?)?);
            }
        }
        Ok(names)
    }

    fn header(&mut self, file: &mut dyn File, position: u64, end: u64) -> Result<(Header, u64)> {
        read_header(&mut self.fields, file, position, end)
    }
}

/// The NodeProto with other names of its inputs. All its fields are bytes.
fn with_inputs(message: &[u8], names: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut renamed = Vec::with_capacity(message.len());
    for field in Fields::new(message) {
        let field = field?;
        let bytes = field.bytes()?;
        let name = if field.number == node::INPUT { names.get(field.text()?) } else { None };
        write_bytes_field(&mut renamed, field.number, name.map_or(bytes, |name| name.as_bytes()));
    }
    Ok(renamed)
}

/// Reads the header at `position` and returns it with the place of its value. Both must end by `end`. `fields` counts
/// the headers.
pub fn read_header(fields: &mut usize, file: &mut dyn File, position: u64, end: u64) -> Result<(Header, u64)> {
    *fields += 1;
    if *fields > MAX_FIELDS {
        return Err(unsupported(format!("the model has more than {MAX_FIELDS} fields; the converter reads no more")));
    }
    let length = (end - position).min(MAX_HEADER_BYTES as u64);
    let bytes = small(file, position, position + length)?;
    let header = Header::read(&bytes)?.ok_or_else(|| invalid("the file ends inside a field".to_owned()))?;
    let value = position + header.length as u64;
    if header.follows > end - value {
        return Err(beyond_the_message(&header));
    }
    Ok((header, value))
}

impl Initializer {
    pub fn rows(&self) -> usize {
        usize::try_from(self.dims[0]).unwrap_or(0)
    }

    pub fn columns(&self) -> usize {
        usize::try_from(self.dims[1]).unwrap_or(0)
    }

    /// Returns the number of outputs of a layer with this matrix.
    pub fn outputs(&self, kind: Use) -> usize {
        if kind == Use::TransposedMatrix { self.rows() } else { self.columns() }
    }

    /// Returns the number of inputs of a layer with this matrix.
    pub fn inputs(&self, kind: Use) -> usize {
        if kind == Use::TransposedMatrix { self.columns() } else { self.rows() }
    }

    /// Returns true for a float matrix with all its data as raw bytes.
    pub fn is_float_matrix(&self) -> bool {
        let [rows, columns] = self.dims[..] else { return false };
        let (Ok(rows), Ok(columns)) = (u32::try_from(rows), u32::try_from(columns)) else { return false };
        let count = u64::from(rows).checked_mul(u64::from(columns));
        let bytes = count.zip(floats::bytes(self.data_type)).and_then(|(count, size)| count.checked_mul(size as u64));
        rows > 0 && columns > 0 && bytes == Some(self.raw_length)
    }

    /// Returns true for a float vector of this length with all its data as raw bytes.
    pub fn is_float_vector(&self, length: usize) -> bool {
        let bytes = floats::bytes(self.data_type).map(|size| (size * length) as u64);
        self.dims == [length as i64] && bytes == Some(self.raw_length)
    }

    /// Reads the TensorProto with its data.
    pub fn whole(&self, file: &mut dyn File) -> Result<Vec<u8>> {
        let message =
            small(file, self.start, self.start + self.length).map_err(|error| within(place(&self.name), error))?;
        Tensor::read(&message)?.check()?;
        Ok(message)
    }

    /// Reads the rows `start..end` of a [float matrix](Self::is_float_matrix).
    pub fn floats(&self, file: &mut dyn File, start: usize, end: usize) -> Result<Vec<f32>> {
        let row_bytes = self.columns() * floats::bytes(self.data_type).unwrap_or(0);
        let place = self.raw_start + start as u64 * row_bytes as u64;
        let bytes = read_exact(file, place, (end - start) * row_bytes)?;
        Ok(floats::widened(&bytes, self.data_type))
    }
}

pub fn small(file: &mut dyn File, start: u64, end: u64) -> Result<Vec<u8>> {
    let length = end - start;
    if length > MAX_FIELD_BYTES {
        return Err(unsupported(format!(
            "a field has {length} bytes; the converter reads at most {MAX_FIELD_BYTES} besides weights"
        )));
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

pub fn unreadable(error: io::Error) -> crate::error::Error {
    invalid(format!("the file cannot be read: {error}"))
}
