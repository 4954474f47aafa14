//! Runs several pairs in lockstep. Every node runs for all pairs before the next node runs, and a linear layer runs
//! once over the rows of all pairs.
//!
//! A short pair hardly uses a layer's weights before the next ones are fetched from memory; several pairs share the
//! fetch. No row depends on another, so each logit has the same bits as alone.

use std::collections::HashSet;

use tract_core::internal::*;
use tract_core::model::order::build_flush_list;
use tract_core::ops::konst::Const;
use tract_core::plan::SimpleState;

use crate::graph::fuse::stages::{Stage, eval_together, stages};

type State = SimpleState<TypedFact, Box<dyn TypedOp>>;

/// Evaluates a node for all pairs, from its inputs for each pair, in order, and the values so far. Returns `None` to let
/// the node evaluate itself.
pub type Evaluate<'a> =
    dyn FnMut(&TypedNode, &[TVec<TValue>], &Values<'_>) -> TractResult<Option<Vec<TVec<TValue>>>> + 'a;

/// Computed values that a later node reads.
#[derive(Debug)]
pub struct Values<'a>(&'a [State]);

impl<'a> Values<'a> {
    /// The value of an outlet for each pair, if it exists.
    pub fn of(&self, outlet: OutletId) -> Option<Vec<&'a TValue>> {
        let value = |state: &'a State| state.turn_state.values[outlet.node].as_ref()?.get(outlet.slot);
        self.0.iter().map(value).collect()
    }
}

/// The nodes in the order in which they run.
#[derive(Debug)]
pub struct Schedule {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    node: usize,
    /// Nodes with values that this step is the last to read.
    last_read: TVec<usize>,
}

impl Schedule {
    /// Returns `None` if the plan has no fused layer, or a shape is neither fixed nor determined by those of the inputs.
    pub fn new(plan: &TypedRunnableModel) -> Option<Self> {
        let model = plan.model();
        let symbols = |outlet: &OutletId| Some(model.outlet_fact(*outlet).ok()?.shape.iter().flat_map(TDim::symbols));
        let known: HashSet<_> = model.inputs.iter().filter_map(symbols).flatten().collect();
        let outlets =
            model.nodes().iter().flat_map(|node| (0..node.outputs.len()).map(|slot| OutletId::new(node.id, slot)));
        let follows = outlets.filter_map(|outlet| symbols(&outlet)).flatten().all(|symbol| known.contains(&symbol));
        let has_layer = |node: &TypedNode| stages(node).iter().any(|stage| matches!(stage, Stage::Linear(_)));
        if !follows || !model.nodes().iter().any(has_layer) {
            return None;
        }
        let order = plan.order_without_consts();
        let last_read = build_flush_list(model, order, &model.outputs, |node| !node.op_is::<Const>());
        let steps = order.iter().zip(last_read).map(|(&node, last_read)| Step { node, last_read }).collect();
        Some(Self { steps })
    }

    /// Runs the plan for each feed of its inputs; returns its first outputs.
    pub fn run(&self, plan: &Arc<TypedRunnableModel>, feeds: Vec<TVec<TValue>>) -> TractResult<Vec<TValue>> {
        self.run_with(plan, feeds, &mut |node, inputs, _| eval_together(node, inputs))
    }

    /// [`run`](Self::run) with another evaluation of some nodes.
    pub fn run_with(
        &self,
        plan: &Arc<TypedRunnableModel>,
        feeds: Vec<TVec<TValue>>,
        evaluate: &mut Evaluate<'_>,
    ) -> TractResult<Vec<TValue>> {
        let mut states = feeds
            .into_iter()
            .map(|inputs| {
                let mut state = plan.spawn()?;
                state.set_inputs(inputs)?;
                Ok(state)
            })
            .collect::<TractResult<Vec<State>>>()?;
        for step in &self.steps {
            let mut inputs = Vec::with_capacity(states.len());
            for state in &mut states {
                inputs.push(state.prepare_inputs(step.node)?);
                for &node in &step.last_read {
                    state.turn_state.values[node] = None;
                }
            }
            if let Some(outputs) = evaluate(plan.model().node(step.node), &inputs, &Values(&states))? {
                for (state, outputs) in states.iter_mut().zip(outputs) {
                    state.set_values(step.node, outputs)?;
                }
            } else {
                for (state, inputs) in states.iter_mut().zip(inputs) {
                    state.compute_one_with_inputs(step.node, inputs)?;
                }
            }
        }
        states.iter().map(|state| state.output(0).cloned()).collect()
    }
}
