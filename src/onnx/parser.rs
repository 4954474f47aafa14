//! The push parser. It tracks which message the next byte belongs to and passes it on.

use super::OnnxModel;
use super::external_reader::ExternalReader;
use super::incoming::IncomingTensor;
use super::refusal::{invalid, within};
use super::remainder::Remainder;
use super::schema::numbers::{graph, model, tensor};
use super::schema::tensor::{is_typed_data, place};
use super::wire::{Header, MAX_HEADER_BYTES, WireType, beyond_the_message, label};
use crate::error::{Error, Result};

/// Parses an ONNX file in chunks of any size. It allocates memory for received bytes, or for bytes that the caller
/// announced. Sizes that only the file claims are never trusted.
#[derive(Debug)]
pub struct Parser {
    expected_size: Option<u64>,
    likely_size: Option<u64>,
    /// Number of bytes received.
    position: u64,
    /// The first bytes of an incomplete header.
    header: [u8; MAX_HEADER_BYTES],
    header_length: usize,
    /// Number of bytes still missing from the current field's value.
    pending: u64,
    target: Target,
    /// Position just after the graph, while inside it.
    graph_end: Option<u64>,
    /// The current initializer, while inside it.
    initializer: Option<IncomingTensor>,
    graph_came: bool,
    operator_sets_came: bool,
    remainder: Remainder,
    failed: bool,
}

/// The content of a file.
#[derive(Debug)]
pub enum Parsed {
    Model(OnnxModel),
    /// A graph with weights in other files.
    Graph(Box<ExternalReader>),
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Model,
    /// A field of the graph; `start` is the place in the remainder where its value begins.
    Graph {
        number: u32,
        start: usize,
    },
    /// A field of an initializer.
    Initializer,
    /// The raw data of an initializer that moves to the store.
    Weight,
}

impl Parser {
    /// `expected_size` is the file's size in bytes, if known.
    pub fn new(expected_size: Option<u64>) -> Self {
        Self {
            expected_size,
            likely_size: None,
            position: 0,
            header: [0; MAX_HEADER_BYTES],
            header_length: 0,
            pending: 0,
            target: Target::Model,
            graph_end: None,
            initializer: None,
            graph_came: false,
            operator_sets_came: false,
            remainder: Remainder::new(),
            failed: false,
        }
    }

    /// Sets the file's probable size in bytes. The parser reserves memory by it, but another size is no error.
    pub fn with_likely_size(mut self, size: u64) -> Self {
        self.likely_size = Some(size);
        self
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// `invalid_model` for a damaged file, `unsupported_model` for data in other files or of another kind. Both name
    /// the tensor or node. `out_of_memory`, and `internal` after an error.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        if self.failed {
            return Err(Error::Internal("the parser takes no more bytes after an error in the model file".to_owned()));
        }
        let taken = self.take(chunk);
        self.failed = taken.is_err();
        match taken {
            Err(error) if !self.graph_came => Err(within("the file is not an ONNX file", error)),
            taken => taken,
        }
    }

    /// Returns the model once the whole file has arrived.
    ///
    /// # Errors
    /// `invalid_model` if something is missing, `unsupported_model` if weights are in other files, `out_of_memory`,
    /// `internal` after an error.
    pub fn finish(self) -> Result<OnnxModel> {
        match self.finish_file()? {
            Parsed::Model(model) => Ok(model),
            Parsed::Graph(reader) => Err(reader.missing()),
        }
    }

    /// As [`finish`](Self::finish), for a model that may have weights in other files.
    ///
    /// # Errors
    /// `invalid_model` if something is missing, `out_of_memory`, `internal` after an error.
    pub fn finish_file(mut self) -> Result<Parsed> {
        if self.failed {
            return Err(Error::Internal("the parser takes no more bytes after an error in the model file".to_owned()));
        }
        let (position, expected_size) = (self.position, self.expected_size);
        if position == 0 {
            return Err(invalid("the file is empty; an ONNX file was expected".to_owned()));
        }
        if self.header_length > 0 || self.pending > 0 || self.graph_end.is_some() {
            let place = match &self.initializer {
                Some(initializer) => place(label(initializer.fields(&self.remainder), tensor::NAME)),
                None if self.graph_end.is_some() => "the graph".to_owned(),
                None => "the model".to_owned(),
            };
            return Err(invalid(format!("the file ends after {position} bytes, inside {place}; its rest is missing")));
        }
        if let Some(expected) = expected_size.filter(|&expected| expected != position) {
            return Err(invalid(format!("the file ends after {position} bytes; {expected} were expected")));
        }
        if !self.graph_came {
            return Err(invalid("the file is not an ONNX file: it holds no graph".to_owned()));
        }
        if !self.operator_sets_came {
            return Err(invalid("the file names no operator set, so its operators have no version".to_owned()));
        }
        match self.remainder.take_external() {
            external if external.is_empty() => Ok(Parsed::Model(self.remainder.finish()?)),
            external => Ok(Parsed::Graph(Box::new(ExternalReader::new(self.remainder, external)?))),
        }
    }

    fn take(&mut self, mut chunk: &[u8]) -> Result<()> {
        while !chunk.is_empty() {
            let taken = if self.pending > 0 { self.take_value(chunk)? } else { self.take_header(chunk)? };
            chunk = &chunk[taken..];
        }
        Ok(())
    }

    fn take_value(&mut self, chunk: &[u8]) -> Result<usize> {
        let taken = usize::try_from(self.pending).unwrap_or(usize::MAX).min(chunk.len());
        let value = &chunk[..taken];
        match (self.target, &mut self.initializer) {
            (Target::Weight, Some(initializer)) => initializer.push_raw_data(value)?,
            (Target::Model, _) => self.remainder.append_to_model(value)?,
            _ => self.remainder.append_to_graph(value)?,
        }
        self.position += taken as u64;
        self.pending -= taken as u64;
        if self.pending == 0 {
            self.end_field()?;
        }
        Ok(taken)
    }

    fn take_header(&mut self, chunk: &[u8]) -> Result<usize> {
        let before = self.header_length;
        let taken = chunk.len().min(MAX_HEADER_BYTES - before);
        self.header[before..before + taken].copy_from_slice(&chunk[..taken]);
        let header = Header::read(&self.header[..before + taken]);
        let Some(header) = header.map_err(|error| self.in_place(error))? else {
            self.header_length = before + taken;
            self.position += taken as u64;
            return Ok(taken);
        };
        let taken = header.length - before;
        self.header_length = 0;
        self.position += taken as u64;
        self.begin_field(&header)?;
        Ok(taken)
    }

    fn begin_field(&mut self, header: &Header) -> Result<()> {
        let message_end = self.initializer.as_ref().map(|initializer| initializer.end).or(self.graph_end);
        let end = self
            .position
            .checked_add(header.follows)
            .filter(|&end| end <= message_end.unwrap_or(u64::MAX))
            .ok_or_else(|| self.in_place(beyond_the_message(header)))?;
        self.pending = header.follows;
        if self.initializer.is_some() {
            self.begin_initializer_field(header)?;
        } else if self.graph_end.is_some() {
            self.begin_graph_field(header, end)?;
        } else {
            self.begin_model_field(header, end)?;
        }
        if self.pending == 0 { self.end_field() } else { Ok(()) }
    }

    fn begin_model_field(&mut self, header: &Header, end: u64) -> Result<()> {
        self.remainder.count_field()?;
        self.target = Target::Model;
        if header.number == model::GRAPH && header.wire_type == WireType::Bytes {
            self.graph_came = true;
            self.graph_end = Some(end);
            self.pending = 0;
            return Ok(());
        }
        self.operator_sets_came |= header.number == model::OPERATOR_SET;
        self.remainder.append_to_model(&self.header[..header.length])
    }

    fn begin_graph_field(&mut self, header: &Header, end: u64) -> Result<()> {
        self.remainder.count_field()?;
        let bytes = &self.header[..header.length];
        if header.number == graph::INITIALIZER && header.wire_type == WireType::Bytes {
            self.target = Target::Initializer;
            self.initializer = Some(IncomingTensor::begin(bytes, end, &mut self.remainder)?);
            self.pending = 0;
            return Ok(());
        }
        self.reserve_in_graph(header)?;
        self.remainder.append_to_graph(&self.header[..header.length])?;
        self.target = Target::Graph { number: header.number, start: self.remainder.graph_length() };
        Ok(())
    }

    fn begin_initializer_field(&mut self, header: &Header) -> Result<()> {
        if !is_typed_data(header.number) {
            self.remainder.count_field()?;
        }
        let whole = self.remaining().is_some_and(|remaining| header.follows <= remaining);
        if let Some(initializer) = &mut self.initializer
            && initializer.begin_weight(header, whole, &mut self.remainder)?
        {
            self.target = Target::Weight;
            return Ok(());
        }
        self.target = Target::Initializer;
        self.reserve_in_graph(header)?;
        self.remainder.append_to_graph(&self.header[..header.length])
    }

    /// Returns the number of bytes still missing, if a size is known.
    fn remaining(&self) -> Option<u64> {
        self.expected_size.or(self.likely_size).map(|size| size.saturating_sub(self.position))
    }

    /// Reserves memory for a field before it arrives.
    fn reserve_in_graph(&mut self, header: &Header) -> Result<()> {
        match (self.remaining(), usize::try_from(header.follows)) {
            (Some(remaining), Ok(follows)) if header.follows <= remaining => {
                self.remainder.reserve_in_graph(header.length.saturating_add(follows), remaining)
            }
            _ => Ok(()),
        }
    }

    /// Ends the current field and the messages that end with it.
    fn end_field(&mut self) -> Result<()> {
        if let Target::Graph { number, start } = self.target {
            self.remainder.graph_field_complete(number, start)?;
        }
        if let Some(initializer) = self.initializer.take_if(|initializer| initializer.end == self.position) {
            initializer.finish(&mut self.remainder)?;
        }
        self.graph_end.take_if(|end| *end == self.position);
        Ok(())
    }

    fn in_place(&self, error: Error) -> Error {
        match &self.initializer {
            Some(initializer) => within(place(label(initializer.fields(&self.remainder), tensor::NAME)), error),
            None if self.graph_end.is_some() => within("the graph", error),
            None => error,
        }
    }
}
