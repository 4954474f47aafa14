//! The big weights of the graph. Each is an input of the model until a rewrite takes it over.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tract_core::internal::*;
use tract_core::ops::konst::Const;
use tract_core::ops::source::TypedSource;

use super::pattern::producer;
use super::rounded_matrix::RoundedMatrix;
use crate::graph::import::simplify::simplify;
use crate::kernels::linear::PackedMatrix;
use crate::onnx::{Table, Weight, WeightStore};

/// The weights that rewrites look up by the name of an input.
#[derive(Debug, Default)]
pub struct Weights {
    by_name: BTreeMap<String, Weight>,
    /// Matrices that were rounded from constants. Layers that share a constant share its matrix.
    rounded: Mutex<Vec<(Arc<Tensor>, Arc<RoundedMatrix>)>>,
}

impl Weights {
    pub fn new(store: WeightStore) -> Self {
        Self { by_name: store.into_iter().collect(), rounded: Mutex::default() }
    }

    fn at(&self, model: &TypedModel, outlet: OutletId) -> Option<&Weight> {
        let node = producer(model, outlet);
        self.by_name.get(&node.name).filter(|_| node.op_is::<TypedSource>())
    }

    /// The matrix that feeds `outlet`, and the file's number that stands for 0 in it.
    pub fn matrix(&self, model: &TypedModel, outlet: OutletId) -> Option<(&Arc<PackedMatrix>, i64)> {
        match self.at(model, outlet)? {
            Weight::Matrix { packed, unsigned } => Some((packed, if *unsigned { 128 } else { 0 })),
            Weight::Table(_) => None,
        }
    }

    pub fn table(&self, model: &TypedModel, outlet: OutletId) -> Option<&Arc<Table>> {
        match self.at(model, outlet)? {
            Weight::Table(table) => Some(table),
            Weight::Matrix { .. } => None,
        }
    }

    /// The matrix that a constant is rounded to; `None` if it is no matrix of floats, or there is no memory.
    pub fn rounded(&self, constant: &Arc<Tensor>) -> Option<Arc<RoundedMatrix>> {
        let mut all = self.rounded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, matrix)) = all.iter().find(|(known, _)| Arc::ptr_eq(known, constant)) {
            return Some(Arc::clone(matrix));
        }
        let matrix = Arc::new(RoundedMatrix::new(constant)?);
        all.push((Arc::clone(constant), Arc::clone(&matrix)));
        Some(matrix)
    }

    /// Reduces the inputs of `model` to its first `text_inputs`. A weight that a node still reads becomes a constant.
    pub fn bind_the_rest(mut self, model: &mut TypedModel, text_inputs: usize) -> TractResult<()> {
        let inputs = model.inputs.clone();
        let mut any = false;
        for &input in &inputs[text_inputs..] {
            let name = model.node(input.node).name.clone();
            let weight = self
                .by_name
                .remove(&name)
                .with_context(|| format!("the model file has no weight for the input {name:?}"))?;
            if !model.outlet_successors(input).is_empty() {
                let constant = Const::new(Arc::new(tensor(weight)?))?;
                let fact = TypedFact::try_from(constant.val().clone())?;
                let node = model.node_mut(input.node);
                node.op = Box::new(constant);
                node.outputs[0].fact = fact;
                any = true;
            }
        }
        model.set_input_outlets(&inputs[..text_inputs])?;
        if any { simplify(model) } else { model.compact() }
    }
}

fn tensor(weight: Weight) -> TractResult<Tensor> {
    let shape = [weight.rows(), weight.columns()];
    let unsigned = weight.unsigned();
    let bytes = weight.into_raw_data();
    if unsigned {
        Tensor::from_shape(&shape, &bytes)
    } else {
        Tensor::from_shape(&shape, &bytes.into_iter().map(|byte| byte as i8).collect::<Vec<_>>())
    }
}
