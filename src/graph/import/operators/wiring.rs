//! One node of the ONNX graph during its import: its inputs and attributes, and the model that receives tract's
//! operators.

use tract_core::internal::*;
use tract_core::ops::array::MultiBroadcastTo;

use crate::onnx::schema::{Attribute, Node};

/// Most numbers in the result of an operator with smaller inputs: an attention mask for 2,048 tokens.
const MAX_NEW_NUMBERS: usize = 1 << 22;

/// Most numbers in all results that depend on constants only, which tract computes during the import.
pub const MAX_CONSTANT_NUMBERS: usize = 1 << 24;

/// Adds the computation of a node to the model and returns the outlets of its outputs.
pub type Wire = fn(&mut Wiring<'_>) -> TractResult<TVec<OutletId>>;

pub struct Wiring<'graph> {
    node: &'graph Node<'graph>,
    /// Version of the operator set that the file uses.
    pub version: i64,
    inputs: Vec<Option<OutletId>>,
    pub model: &'graph mut TypedModel,
    /// Numbers that results of constants may still hold.
    constants_left: &'graph mut usize,
    /// Unique prefix of the names of all nodes that this node becomes.
    name: String,
    steps: usize,
}

impl<'graph> Wiring<'graph> {
    pub fn new(
        node: &'graph Node<'graph>,
        name: String,
        version: i64,
        inputs: Vec<Option<OutletId>>,
        model: &'graph mut TypedModel,
        constants_left: &'graph mut usize,
    ) -> Self {
        Self { node, version, inputs, model, constants_left, name, steps: 0 }
    }

    /// The outlet of an optional input; `None` if the node leaves it out.
    pub fn optional(&self, index: usize) -> Option<OutletId> {
        self.inputs.get(index).copied().flatten()
    }

    pub fn input(&self, index: usize) -> TractResult<OutletId> {
        self.optional(index).with_context(|| format!("input {index} is missing"))
    }

    #[inline(never)]
    pub fn inputs<const COUNT: usize>(&self) -> TractResult<[OutletId; COUNT]> {
        let inputs = (0..COUNT).map(|index| self.input(index)).collect::<TractResult<TVec<_>>>()?;
        Ok(std::array::from_fn(|index| inputs[index]))
    }

    /// All inputs; an error if one is left out.
    pub fn all_inputs(&self) -> TractResult<TVec<OutletId>> {
        ensure!(!self.inputs.is_empty(), "the node has no input; it needs at least one");
        (0..self.inputs.len()).map(|index| self.input(index)).collect()
    }

    /// Number of outputs, including those with empty names.
    pub fn output_count(&self) -> usize {
        self.node.outputs.len()
    }

    /// True if another node may read the output.
    pub fn has_output(&self, index: usize) -> bool {
        self.node.outputs.get(index).is_some_and(|name| !name.is_empty())
    }

    pub fn attribute(&self, name: &str) -> Option<&'graph Attribute<'graph>> {
        self.node.attribute(name)
    }

    /// An integer attribute. Its message may omit the default, 0.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.attribute(name).map(|attribute| attribute.integer.unwrap_or(0))
    }

    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.integer(name).map_or(default, |value| value != 0)
    }

    pub fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name).map(|attribute| attribute.float.unwrap_or(0.0))
    }

    pub fn integers(&self, name: &str) -> Option<&'graph [i64]> {
        self.attribute(name).map(|attribute| &attribute.integers[..])
    }

    pub fn text(&self, name: &str) -> Option<&'graph [u8]> {
        self.attribute(name).map(|attribute| attribute.text.unwrap_or_default())
    }

    pub fn fact(&self, outlet: OutletId) -> TractResult<&TypedFact> {
        self.model.outlet_fact(outlet)
    }

    pub fn rank(&self, outlet: OutletId) -> TractResult<usize> {
        Ok(self.fact(outlet)?.rank())
    }

    pub fn datum_type(&self, outlet: OutletId) -> TractResult<DatumType> {
        Ok(self.fact(outlet)?.datum_type)
    }

    #[inline(never)]
    pub fn shape(&self, outlet: OutletId) -> TractResult<TVec<TDim>> {
        Ok(self.fact(outlet)?.shape.to_tvec())
    }

    /// The value of an input that must be known before the model runs.
    #[inline(never)]
    pub fn constant(&self, index: usize) -> TractResult<Arc<Tensor>> {
        let value = self.fact(self.input(index)?)?.konst.clone();
        value.with_context(|| format!("input {index} is unknown before the model runs; it must be a constant"))
    }

    /// The numbers of a constant input. They may include sizes of axes that are not known yet.
    #[inline(never)]
    pub fn sizes(&self, index: usize) -> TractResult<TVec<TDim>> {
        let values = self.constant(index)?;
        if values.datum_type() == TDim::datum_type() {
            return Ok(values.try_as_plain_ram()?.as_slice::<TDim>()?.into());
        }
        // A cast to TDim would cut numbers to 32 bits.
        Ok(self.known_integers(index)?.iter().map(|number| number.to_dim()).collect())
    }

    /// [`sizes`](Self::sizes) of axes, none below 0. tract panics for an axis of negative length.
    pub fn lengths(&self, index: usize) -> TractResult<TVec<TDim>> {
        let sizes = self.sizes(index)?;
        match sizes.iter().find(|size| size.as_i64().is_some_and(|size| size < 0)) {
            Some(size) => bail!("input {index} holds the size {size}; a size is 0 or more"),
            None => Ok(sizes),
        }
    }

    /// The numbers of a constant input.
    #[inline(never)]
    pub fn known_integers(&self, index: usize) -> TractResult<TVec<i64>> {
        Ok(self.constant(index)?.cast_to::<i64>()?.try_as_plain_ram()?.as_slice::<i64>()?.into())
    }

    /// The attribute `name` before `version`, the input at `index` from then on; `None` if the node has neither.
    #[inline(never)]
    pub fn attribute_or_input(&self, name: &str, version: i64, index: usize) -> TractResult<Option<TVec<i64>>> {
        if self.version < version {
            Ok(self.integers(name).map(TVec::from))
        } else {
            self.optional(index).map(|_| self.known_integers(index)).transpose()
        }
    }

    /// Resolves an axis; a negative number counts from the end.
    #[inline(never)]
    pub fn axis(&self, axis: i64, rank: usize) -> TractResult<usize> {
        let counted = if axis < 0 { axis + rank as i64 } else { axis };
        usize::try_from(counted)
            .ok()
            .filter(|&axis| axis < rank)
            .with_context(|| format!("axis {axis} does not exist; the tensor has {rank} axes"))
    }

    /// The attribute `axis`, as an axis of the first input.
    pub fn axis_attribute(&self, default: i64) -> TractResult<usize> {
        self.axis(self.integer("axis").unwrap_or(default), self.rank(self.input(0)?)?)
    }

    /// Resolves several axes, in ascending order; an error if one occurs twice.
    #[inline(never)]
    pub fn axes(&self, axes: &[i64], rank: usize) -> TractResult<TVec<usize>> {
        let mut axes = axes.iter().map(|&axis| self.axis(axis, rank)).collect::<TractResult<TVec<_>>>()?;
        axes.sort_unstable();
        ensure!(axes.windows(2).all(|pair| pair[0] != pair[1]), "the node names an axis twice");
        Ok(axes)
    }

    fn step(&mut self) -> String {
        self.steps += 1;
        format!("{}#{}", self.name, self.steps)
    }

    #[inline(never)]
    pub fn add_constant(&mut self, value: Tensor) -> TractResult<OutletId> {
        let name = self.step();
        self.model.add_const(name, value)
    }

    /// A number that broadcasts to tensors of this rank.
    #[inline(never)]
    pub fn add_number(&mut self, value: f32, datum_type: DatumType, rank: usize) -> TractResult<OutletId> {
        let value = tensor0(value).cast_to_dt(datum_type)?.into_owned().broadcast_into_rank(rank)?;
        self.add_constant(value)
    }

    /// Adds an operator of one output.
    pub fn wire(&mut self, operator: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> TractResult<OutletId> {
        Ok(self.wire_boxed(operator.into(), inputs)?[0])
    }

    pub fn wire_all(
        &mut self,
        operator: impl Into<Box<dyn TypedOp>>,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        self.wire_boxed(operator.into(), inputs)
    }

    /// One function for all operators, so that the engine contains it once.
    #[inline(never)]
    fn wire_boxed(&mut self, operator: Box<dyn TypedOp>, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        self.check_size(&*operator, inputs)?;
        let name = self.step();
        self.model.wire_node(name, operator, inputs)
    }

    /// Refuses an operator that would turn a few bytes of a file into gigabytes. tract computes results of constants at
    /// once.
    fn check_size(&mut self, operator: &dyn TypedOp, inputs: &[OutletId]) -> TractResult<()> {
        let facts = inputs.iter().map(|&input| self.model.outlet_fact(input)).collect::<TractResult<TVec<_>>>()?;
        let most = facts.iter().map(|fact| known_numbers(fact)).max().unwrap_or(0).max(MAX_NEW_NUMBERS);
        let constant = facts.iter().all(|fact| fact.konst.is_some());
        let outputs = operator.output_facts(&facts)?;
        let numbers = outputs.iter().map(known_numbers).fold(0, usize::saturating_add);
        ensure!(numbers <= most, "the result would hold {numbers} numbers; the limit is {most}");
        if constant {
            let left = self.constants_left.checked_sub(numbers);
            *self.constants_left = left.with_context(|| {
                format!(
                    "the results of constants would hold more than {MAX_CONSTANT_NUMBERS} numbers, the limit of a graph"
                )
            })?;
        }
        Ok(())
    }

    #[inline(never)]
    pub fn cast(&mut self, input: OutletId, datum_type: DatumType) -> TractResult<OutletId> {
        if self.datum_type(input)? == datum_type {
            return Ok(input);
        }
        self.wire(tract_core::ops::cast::cast(datum_type), &[input])
    }

    /// Casts all inputs to the smallest type that holds the values of each.
    #[inline(never)]
    pub fn cast_to_common_type(&mut self, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let types = inputs.iter().map(|&input| self.datum_type(input)).collect::<TractResult<TVec<_>>>()?;
        let common = DatumType::super_type_for(types.iter().copied())
            .with_context(|| format!("the inputs have types {types:?}, which have no common type"))?;
        inputs.iter().map(|&input| self.cast(input, common)).collect()
    }

    /// Gives all inputs the rank of the largest, with axes of length 1 in front.
    #[inline(never)]
    pub fn with_common_rank(&mut self, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let ranks = inputs.iter().map(|&input| self.rank(input)).collect::<TractResult<TVec<_>>>()?;
        let most = ranks.iter().copied().max().unwrap_or(0);
        let mut wires: TVec<OutletId> = inputs.into();
        for (wire, rank) in wires.iter_mut().zip(ranks) {
            if rank < most {
                *wire = self.with_rank(*wire, most - rank)?;
            }
        }
        Ok(wires)
    }

    /// Broadcasts a tensor to this shape, which is at least as long.
    pub fn broadcast_to(&mut self, mut input: OutletId, shape: TVec<TDim>) -> TractResult<OutletId> {
        for _ in self.rank(input)?..shape.len() {
            input = self.wire(AxisOp::Add(0), &[input])?;
        }
        if self.shape(input)? == shape {
            return Ok(input);
        }
        self.wire(MultiBroadcastTo::new(shape.into()), &[input])
    }

    /// A constant stays a constant, so that rewrites recognise it.
    fn with_rank(&mut self, mut wire: OutletId, missing: usize) -> TractResult<OutletId> {
        if let Some(value) = self.fact(wire)?.konst.clone() {
            let rank = value.rank() + missing;
            return self.add_constant(value.into_tensor().broadcast_into_rank(rank)?);
        }
        for _ in 0..missing {
            wire = self.wire(AxisOp::Add(0), &[wire])?;
        }
        Ok(wire)
    }
}

/// The numbers of a tensor; axes of unknown length count as 1.
fn known_numbers(fact: &TypedFact) -> usize {
    fact.shape.iter().filter_map(|length| length.to_usize().ok()).fold(1, usize::saturating_mul)
}
