//! The model without the weights in the store: it collects the bytes and makes a ModelProto of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::OnnxModel;
use super::external::ExternalTensor;
use super::filling::{Filling, Plan};
use super::refusal::{MODEL, invalid, no_memory, within};
use super::roles::{Role, Roles};
use super::schema::Tensor;
use super::schema::numbers::{data_type, graph, model, tensor, value_info};
use super::schema::tensor::{place, raw_from_int32};
use super::store::{Weight, WeightStore};
use super::wire::{write_bytes_field, write_bytes_header, write_varint_field};
use crate::error::Result;
use crate::memory::{append, reserve_exact};

/// Room for the graph's key and its length, a varint padded to 9 bytes.
const GRAPH_HEADER_BYTES: usize = 10;

/// Room for the graph inputs that stand for weights. The file does not hold them.
const INPUTS_BYTES: usize = 1 << 16;

/// The complete fields of the model and of its graph. Initializers are checked.
#[derive(Debug)]
pub struct Remainder {
    /// [`GRAPH_HEADER_BYTES`], then fields of the graph as the file has them.
    graph: Vec<u8>,
    /// Fields of the model other than its graph, as the file has them.
    model: Vec<u8>,
    roles: Roles,
    kept: Vec<Kept>,
    moved: BTreeMap<String, Moved>,
    /// Initializers with their data in other files.
    external: Vec<ExternalTensor>,
    names: BTreeSet<String>,
}

/// An initializer inside the graph; the end of the file may move it.
#[derive(Debug)]
struct Kept {
    name: String,
    /// Its place in the graph, key included.
    field: Range<usize>,
    /// Place where its TensorProto begins.
    start: usize,
}

/// An initializer outside the graph; a later node may bring it back.
#[derive(Debug)]
struct Moved {
    /// Its TensorProto without the raw data.
    fields: Vec<u8>,
    weight: Weight,
}

impl Remainder {
    pub fn new() -> Self {
        Self {
            graph: vec![0; GRAPH_HEADER_BYTES],
            model: Vec::new(),
            roles: Roles::default(),
            kept: Vec::new(),
            moved: BTreeMap::new(),
            external: Vec::new(),
            names: BTreeSet::new(),
        }
    }

    /// # Errors
    /// `unsupported_model` for a model with more fields than this engine reads.
    pub fn count_field(&mut self) -> Result<()> {
        self.roles.count_field()
    }

    /// # Errors
    /// `out_of_memory`.
    pub fn append_to_model(&mut self, bytes: &[u8]) -> Result<()> {
        append(&mut self.model, bytes, MODEL)
    }

    /// # Errors
    /// `out_of_memory`.
    pub fn append_to_graph(&mut self, bytes: &[u8]) -> Result<()> {
        append(&mut self.graph, bytes, MODEL)
    }

    /// Reserves memory in the graph for `length` bytes of a file with `remaining` bytes to come.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn reserve_in_graph(&mut self, length: usize, remaining: u64) -> Result<()> {
        if length <= self.graph.capacity() - self.graph.len() {
            return Ok(());
        }
        // Growing by each field alone would copy the graph many times. `remaining` bounds what may still come.
        let most = usize::try_from(remaining).unwrap_or(usize::MAX).saturating_add(INPUTS_BYTES);
        let longer = length.max(self.graph.len());
        reserve_exact(&mut self.graph, length.max(most.min(longer.saturating_add(longer / 16))), MODEL)
    }

    /// Returns the length of the graph so far. Its next field begins there.
    pub fn graph_length(&self) -> usize {
        self.graph.len()
    }

    /// Returns the graph from `start` on.
    pub fn graph_since(&self, start: usize) -> &[u8] {
        &self.graph[start..]
    }

    pub fn cut_graph(&mut self, length: usize) {
        self.graph.truncate(length);
    }

    /// Examines field `number` of the graph, which is no initializer. Its value reaches from `start` to the end.
    ///
    /// # Errors
    /// As [`Roles::take`].
    pub fn graph_field_complete(&mut self, number: u32, start: usize) -> Result<()> {
        self.roles.take(number, &self.graph[start..])
    }

    /// Plans the initializer with these fields, before `length` bytes of raw data arrive. `None` means that it stays in
    /// the graph, at least for now.
    ///
    /// # Errors
    /// As [`Tensor::read`].
    pub fn plan(&self, fields: &[u8], length: u64) -> Result<Option<Plan>> {
        let tensor = Tensor::read(fields)?;
        let has_data = !tensor.raw_data.is_empty() || tensor.has_typed_data();
        Ok(self.roles.of(tensor.name).filter(|_| !has_data).and_then(|role| Plan::new(&tensor, role, length)))
    }

    /// Checks the initializer that reaches from `field` to the end of the graph. Its TensorProto begins at `start`.
    ///
    /// # Errors
    /// `invalid_model` or `unsupported_model`, with its name.
    pub fn initializer_complete(&mut self, field: usize, start: usize) -> Result<()> {
        if let Some(external) = ExternalTensor::read(&self.graph[start..])? {
            self.cut_graph(field);
            self.note_name(&external.name)?;
            self.external.push(external);
            return Ok(());
        }
        let tensor = Tensor::read(&self.graph[start..])?;
        tensor.check()?;
        let name = tensor.name.to_owned();
        self.note_name(&name)?;
        self.kept.push(Kept { name, field: field..self.graph.len(), start });
        Ok(())
    }

    /// Takes an initializer that was filled while it arrived. `fields` are all but its raw data.
    ///
    /// # Errors
    /// As [`initializer_complete`](Self::initializer_complete).
    pub fn initializer_moved(&mut self, fields: Vec<u8>, weight: Weight) -> Result<()> {
        let name = Tensor::read(&fields)?.name.to_owned();
        self.note_name(&name)?;
        self.moved.insert(name, Moved { fields, weight });
        Ok(())
    }

    /// Returns an initializer to the graph that was begun as a weight. `before` and `after` are its fields before and
    /// after the raw data.
    ///
    /// # Errors
    /// As [`initializer_complete`](Self::initializer_complete).
    pub fn initializer_returned(&mut self, before: &[u8], weight: Weight, after: &[u8]) -> Result<()> {
        let field = self.graph.len();
        let start = self.append_initializer(before, &weight.into_raw_data(), after)?;
        self.initializer_complete(field, start)
    }

    /// Returns the place where the TensorProto begins.
    fn append_initializer(&mut self, before: &[u8], raw_data: &[u8], after: &[u8]) -> Result<usize> {
        let mut raw_header = Vec::new();
        write_bytes_header(&mut raw_header, tensor::RAW_DATA, raw_data.len());
        let parts = [before, &raw_header, raw_data, after];
        let mut header = Vec::new();
        let length = parts.iter().map(|part| part.len()).sum();
        write_bytes_header(&mut header, graph::INITIALIZER, length);
        self.append_to_graph(&header)?;
        let start = self.graph.len();
        reserve_exact(&mut self.graph, length, MODEL)?;
        parts.into_iter().try_for_each(|part| self.append_to_graph(part))?;
        Ok(start)
    }

    /// Takes the initializers with their data in other files.
    pub fn take_external(&mut self) -> Vec<ExternalTensor> {
        std::mem::take(&mut self.external)
    }

    /// Reserves memory in the graph for `bytes` of announced raw data.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn reserve_for_initializers(&mut self, bytes: u64) -> Result<()> {
        let bytes = usize::try_from(bytes).map_err(|_| no_memory(usize::MAX))?;
        reserve_exact(&mut self.graph, bytes.saturating_add(INPUTS_BYTES), MODEL)
    }

    /// Begins an initializer with these fields at the end of the graph. Its `length` bytes of raw data follow.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn begin_initializer(&mut self, fields: &[u8], length: u64) -> Result<()> {
        let length = usize::try_from(length).map_err(|_| no_memory(usize::MAX))?;
        let (mut header, mut raw_header) = (Vec::new(), Vec::new());
        write_bytes_header(&mut raw_header, tensor::RAW_DATA, length);
        write_bytes_header(&mut header, graph::INITIALIZER, fields.len() + raw_header.len() + length);
        [&header, fields, &raw_header].into_iter().try_for_each(|part| self.append_to_graph(part))
    }

    /// Takes a weight that arrived in another file.
    pub fn weight_arrived(&mut self, name: &str, weight: Weight) {
        self.moved.insert(name.to_owned(), Moved { fields: Vec::new(), weight });
    }

    /// Forgets a weight that arrived in another file.
    pub fn forget_weight(&mut self, name: &str) {
        self.moved.remove(name);
    }

    fn note_name(&mut self, name: &str) -> Result<()> {
        if !self.names.insert(name.to_owned()) {
            return Err(within(
                place(name),
                invalid("two initializers have this name; each name must be unique".to_owned()),
            ));
        }
        Ok(())
    }

    /// Decides which initializers are weights, now that all nodes are known, and returns the model.
    ///
    /// # Errors
    /// `out_of_memory`; `invalid_model` for 8-bit data with values beyond 8 bits.
    pub fn finish(mut self) -> Result<OnnxModel> {
        self.return_weights_of_another_role()?;
        self.move_kept_weights()?;
        let mut weights = WeightStore::default();
        let mut inputs = Vec::new();
        for (name, Moved { weight, .. }) in self.moved {
            write_input(&mut inputs, &name, &weight);
            weights.insert(name, weight);
        }
        let mut graph = self.graph;
        reserve_exact(&mut graph, inputs.len() + self.model.len(), MODEL)?;
        graph.extend_from_slice(&inputs);
        write_graph_header(&mut graph);
        graph.extend_from_slice(&self.model);
        // Shrinking may copy the block, which pays only if much of it is unused.
        if graph.capacity() / 2 > graph.len() {
            graph.shrink_to_fit();
        }
        Ok(OnnxModel { graph, weights })
    }

    /// Returns weights to the graph if a node after the initializer changed their role.
    fn return_weights_of_another_role(&mut self) -> Result<()> {
        for (name, Moved { fields, weight }) in std::mem::take(&mut self.moved) {
            let role = match weight {
                Weight::Matrix { .. } => Role::Matrix,
                Weight::Table(_) => Role::Table,
            };
            if self.roles.of(&name) == Some(role) {
                self.moved.insert(name, Moved { fields, weight });
            } else {
                self.initializer_returned_at_the_end(name, &fields, weight)?;
            }
        }
        Ok(())
    }

    fn initializer_returned_at_the_end(&mut self, name: String, fields: &[u8], weight: Weight) -> Result<()> {
        let field = self.graph.len();
        let start = self.append_initializer(fields, &weight.into_raw_data(), &[])?;
        self.kept.push(Kept { name, field: field..self.graph.len(), start });
        Ok(())
    }

    /// Moves the weights that could not move while they arrived. Their role, shape or name was unknown then, or their
    /// data is not raw.
    fn move_kept_weights(&mut self) -> Result<()> {
        let mut end = 0;
        let mut next = 0;
        for Kept { name, field, start } in std::mem::take(&mut self.kept) {
            let Some(role) = self.roles.of(&name) else { continue };
            let message = &self.graph[start..field.end];
            let tensor = Tensor::read(message)?;
            let typed;
            let raw = if tensor.has_typed_data() && tensor.is_8_bit() {
                typed = raw_from_int32(&tensor)?;
                &typed
            } else {
                tensor.raw_data
            };
            let Some(plan) = Plan::new(&tensor, role, raw.len() as u64) else { continue };
            let mut filling = Filling::new(plan, true)?;
            filling.push(raw)?;
            self.moved.insert(name, Moved { fields: Vec::new(), weight: filling.finish()? });
            self.graph.copy_within(next..field.start, end);
            end += field.start - next;
            next = field.end;
        }
        self.graph.copy_within(next.., end);
        self.graph.truncate(end + self.graph.len() - next);
        Ok(())
    }
}

/// Writes a field of the graph: an input with the weight's name, type and shape.
pub fn write_input(output: &mut Vec<u8>, name: &str, weight: &Weight) {
    let mut shape = Vec::new();
    for size in [weight.rows(), weight.columns()] {
        let mut dimension = Vec::new();
        write_varint_field(&mut dimension, value_info::DIMENSION_SIZE, size as u64);
        write_bytes_field(&mut shape, value_info::SHAPE_DIMENSION, &dimension);
    }
    let mut tensor_type = Vec::new();
    let element = if weight.unsigned() { data_type::UINT8 } else { data_type::INT8 };
    write_varint_field(&mut tensor_type, value_info::TENSOR_ELEMENT, element as u64);
    write_bytes_field(&mut tensor_type, value_info::TENSOR_SHAPE, &shape);
    let mut value_type = Vec::new();
    write_bytes_field(&mut value_type, value_info::TYPE_TENSOR, &tensor_type);
    let mut value = Vec::new();
    write_bytes_field(&mut value, value_info::NAME, name.as_bytes());
    write_bytes_field(&mut value, value_info::TYPE, &value_type);
    write_bytes_field(output, graph::INPUT, &value);
}

/// Fills in the header at the start of a complete graph.
fn write_graph_header(graph: &mut [u8]) {
    let length = (graph.len() - GRAPH_HEADER_BYTES) as u64;
    graph[0] = (model::GRAPH << 3 | 2) as u8;
    for (index, byte) in graph[1..GRAPH_HEADER_BYTES].iter_mut().enumerate() {
        let more = if index == GRAPH_HEADER_BYTES - 2 { 0 } else { 0x80 };
        *byte = (length >> (7 * index)) as u8 & 0x7f | more;
    }
}
