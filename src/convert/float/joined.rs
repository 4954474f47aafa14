//! Reads an ONNX file and the files with its weights beside it as one file, with the weights inside.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use super::index::{File, read_header, small, unreadable};
use crate::error::Result;
use crate::onnx::ExternalTensor;
use crate::onnx::refusal::invalid;
use crate::onnx::schema::numbers::{graph, model, tensor};
use crate::onnx::wire::{WireType, write_bytes_header};

/// Opens the file with this name in the graph's folder.
pub type Open<'a> = dyn FnMut(&str) -> Result<Box<dyn File>> + 'a;

/// A part of the joined file.
struct Section {
    /// Place of its first byte in the joined file.
    start: u64,
    length: u64,
    bytes: Bytes,
}

enum Bytes {
    Here(Vec<u8>),
    /// Bytes of the file with this number, from a place on.
    InFile {
        file: usize,
        start: u64,
    },
}

/// The joined file. Its parts are read from their places when they are needed.
pub struct Joined {
    files: Vec<Box<dyn File>>,
    parts: Vec<Section>,
    length: u64,
    position: u64,
}

/// Returns the file as it is if it holds all its weights.
///
/// # Errors
/// `invalid_model` for a damaged file or weights beyond the end of theirs, those of `open`.
pub fn join(mut file: Box<dyn File>, open: &mut Open<'_>) -> Result<Box<dyn File>> {
    let mut joiner = Joiner { parts: Vec::new(), names: BTreeMap::new(), files: Vec::new(), fields: 0 };
    let end = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    let mut position = 0;
    while position < end {
        let (header, value) = read_header(&mut joiner.fields, &mut *file, position, end)?;
        let next = value + header.follows;
        if header.number == model::GRAPH && header.wire_type == WireType::Bytes {
            let before = joiner.parts.len();
            joiner.take_graph(&mut *file, value, next, open)?;
            let length: u64 = joiner.parts[before..].iter().map(|(length, _)| length).sum();
            let mut bytes = Vec::new();
            write_bytes_header(&mut bytes, model::GRAPH, size(length)?);
            joiner.parts.insert(before, (bytes.len() as u64, Bytes::Here(bytes)));
        } else {
            joiner.keep(position, next);
        }
        position = next;
    }
    if joiner.files.is_empty() {
        file.rewind().map_err(unreadable)?;
        return Ok(file);
    }
    let mut length = 0;
    let parts = joiner.parts.into_iter().map(|(bytes_of_part, bytes)| {
        let start = length;
        length += bytes_of_part;
        Section { start, length: bytes_of_part, bytes }
    });
    let parts = parts.collect();
    let mut files = vec![file];
    files.extend(joiner.files);
    Ok(Box::new(Joined { files, parts, length, position: 0 }))
}

/// Collects the parts of the joined file.
struct Joiner {
    /// Each with its length.
    parts: Vec<(u64, Bytes)>,
    /// The number and the length of each further file.
    names: BTreeMap<String, (usize, u64)>,
    files: Vec<Box<dyn File>>,
    fields: usize,
}

impl Joiner {
    fn take_graph(&mut self, file: &mut dyn File, start: u64, end: u64, open: &mut Open<'_>) -> Result<()> {
        let mut position = start;
        while position < end {
            let (header, value) = read_header(&mut self.fields, file, position, end)?;
            let next = value + header.follows;
            if header.number != graph::INITIALIZER || !self.names_a_file(file, value, next)? {
                self.keep(position, next);
            } else if let Some(external) = ExternalTensor::read(&small(file, value, next)?)? {
                self.take_external(external, open)?;
            } else {
                self.keep(position, next);
            }
            position = next;
        }
        Ok(())
    }

    /// Returns true for an initializer with the field of external data, so that the data of others is not read.
    fn names_a_file(&mut self, file: &mut dyn File, start: u64, end: u64) -> Result<bool> {
        let mut position = start;
        while position < end {
            let (header, value) = read_header(&mut self.fields, file, position, end)?;
            if header.number == tensor::DATA_LOCATION {
                return Ok(header.varint as i32 == tensor::EXTERNAL);
            }
            position = value + header.follows;
        }
        Ok(false)
    }

    fn take_external(&mut self, external: ExternalTensor, open: &mut Open<'_>) -> Result<()> {
        let (number, available) = self.open(&external.file, open)?;
        if external.end() > available {
            return Err(external.beyond(available));
        }
        let (mut raw_header, mut bytes) = (Vec::new(), Vec::new());
        write_bytes_header(&mut raw_header, tensor::RAW_DATA, size(external.length)?);
        let length = external.fields.len() as u64 + raw_header.len() as u64 + external.length;
        write_bytes_header(&mut bytes, graph::INITIALIZER, size(length)?);
        bytes.extend([external.fields, raw_header].concat());
        self.parts.push((bytes.len() as u64, Bytes::Here(bytes)));
        self.parts.push((external.length, Bytes::InFile { file: number, start: external.offset }));
        Ok(())
    }

    fn open(&mut self, name: &str, open: &mut Open<'_>) -> Result<(usize, u64)> {
        if let Some(&known) = self.names.get(name) {
            return Ok(known);
        }
        let mut file = open(name)?;
        let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
        self.files.push(file);
        // The graph's file has the number 0.
        let known = (self.files.len(), length);
        self.names.insert(name.to_owned(), known);
        Ok(known)
    }

    /// Keeps bytes of the graph's file as they are.
    fn keep(&mut self, start: u64, end: u64) {
        match self.parts.last_mut() {
            Some((length, Bytes::InFile { file: 0, start: first })) if *first + *length == start => {
                *length = end - *first;
            }
            _ => self.parts.push((end - start, Bytes::InFile { file: 0, start })),
        }
    }
}

fn size(length: u64) -> Result<usize> {
    usize::try_from(length)
        .map_err(|_| invalid(format!("the file has {length} bytes of weights, more than memory has addresses")))
}

impl Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let index = self.parts.partition_point(|part| part.start + part.length <= self.position);
        let Some(part) = self.parts.get(index) else { return Ok(0) };
        let within = self.position - part.start;
        let most = buffer.len().min(usize::try_from(part.length - within).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..most];
        let read = match &part.bytes {
            Bytes::Here(bytes) => {
                buffer.copy_from_slice(&bytes[within as usize..][..most]);
                most
            }
            Bytes::InFile { file, start } => {
                let file = &mut self.files[*file];
                file.seek(SeekFrom::Start(start + within))?;
                file.read(buffer)?
            }
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Joined {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let position = match place {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(distance) => self.length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
