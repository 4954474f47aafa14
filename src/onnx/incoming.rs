//! One initializer while it arrives.

use super::filling::Filling;
use super::remainder::Remainder;
use super::schema::numbers::tensor;
use super::wire::{Fields, Header};
use crate::error::Result;

/// An initializer collects its fields at the end of the graph. If its place is known when the raw data begins, it sets
/// the earlier fields aside and sends the raw data there. Later fields collect at the end of the graph again.
#[derive(Debug)]
pub struct IncomingTensor {
    /// Position in the file just after its last byte.
    pub end: u64,
    /// Place in the graph where its field begins.
    field: usize,
    /// Place in the graph where its TensorProto begins.
    start: usize,
    raw_data_came: bool,
    moving: Option<Moving>,
}

#[derive(Debug)]
struct Moving {
    /// The fields before the raw data.
    before: Vec<u8>,
    filling: Filling,
}

impl IncomingTensor {
    /// # Errors
    /// `out_of_memory`.
    pub fn begin(header: &[u8], end: u64, remainder: &mut Remainder) -> Result<Self> {
        let field = remainder.graph_length();
        remainder.append_to_graph(header)?;
        Ok(Self { end, field, start: remainder.graph_length(), raw_data_came: false, moving: None })
    }

    /// Returns the fields before the raw data if that moves to the store, otherwise all fields so far.
    pub fn fields<'a>(&'a self, remainder: &'a Remainder) -> &'a [u8] {
        match &self.moving {
            Some(moving) => &moving.before,
            None => remainder.graph_since(self.start),
        }
    }

    /// Returns true if the field with this header is raw data for [`push_raw_data`](Self::push_raw_data). Any other
    /// field belongs to the graph. `whole` says that the file is long enough for the whole value.
    ///
    /// # Errors
    /// `out_of_memory`; `invalid_model` and `unsupported_model` for a damaged tensor, with its name.
    pub fn begin_weight(&mut self, header: &Header, whole: bool, remainder: &mut Remainder) -> Result<bool> {
        if header.number != tensor::RAW_DATA || std::mem::replace(&mut self.raw_data_came, true) {
            return Ok(false);
        }
        let before = remainder.graph_since(self.start);
        let Some(plan) = remainder.plan(before, header.follows)? else { return Ok(false) };
        self.moving = Some(Moving { before: before.to_vec(), filling: Filling::new(plan, whole)? });
        remainder.cut_graph(self.field);
        Ok(true)
    }

    /// # Errors
    /// `out_of_memory`.
    pub fn push_raw_data(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.moving {
            Some(moving) => moving.filling.push(bytes),
            None => Ok(()),
        }
    }

    /// Hands the complete initializer to `remainder`.
    ///
    /// # Errors
    /// `out_of_memory`; `invalid_model` and `unsupported_model` for a damaged tensor, with its name.
    pub fn finish(self, remainder: &mut Remainder) -> Result<()> {
        let Some(Moving { mut before, filling }) = self.moving else {
            return remainder.initializer_complete(self.field, self.start);
        };
        let after = remainder.graph_since(self.field).to_vec();
        remainder.cut_graph(self.field);
        let weight = filling.finish()?;
        if changes_the_weight(&after)? {
            return remainder.initializer_returned(&before, weight, &after);
        }
        before.extend_from_slice(&after);
        remainder.initializer_moved(before, weight)
    }
}

/// Returns false if the fields hold only documentation, or the note that the data is in this file.
fn changes_the_weight(fields: &[u8]) -> Result<bool> {
    for field in Fields::new(fields) {
        let field = field?;
        match field.number {
            tensor::DOC_STRING => {}
            tensor::DATA_LOCATION if field.varint()? == 0 => {}
            _ => return Ok(true),
        }
    }
    Ok(false)
}
