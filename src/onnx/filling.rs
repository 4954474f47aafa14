//! A weight that fills up in its final place while its raw data arrives.

use std::sync::Arc;

use super::refusal::{MODEL, no_memory};
use super::roles::Role;
use super::schema::Tensor;
use super::schema::numbers::data_type::UINT8;
use super::store::{Table, Weight};
use crate::error::Result;
use crate::kernels::linear::Packer;
use crate::kernels::linear::panels::MAX_ROWS;
use crate::memory::{append, reserve_exact};

/// The weight that an initializer becomes in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    role: Role,
    rows: usize,
    columns: usize,
    unsigned: bool,
}

impl Plan {
    /// Plans a tensor with this role and `length` elements. `None` means that it stays in the graph.
    pub fn new(tensor: &Tensor<'_>, role: Role, length: u64) -> Option<Self> {
        let [rows, columns] = tensor.dims[..] else { return None };
        let rows = u32::try_from(rows).ok().filter(|&rows| rows > 0)?;
        let columns = u32::try_from(columns).ok().filter(|&columns| columns > 0)?;
        usize::try_from(length).ok()?;
        let plan = Self { role, rows: rows as usize, columns: columns as usize, unsigned: tensor.data_type == UINT8 };
        let fits = role == Role::Table || plan.rows <= MAX_ROWS;
        (fits && tensor.is_8_bit() && u64::from(rows) * u64::from(columns) == length).then_some(plan)
    }
}

#[derive(Debug)]
pub struct Filling {
    plan: Plan,
    packer: Option<Packer>,
    bytes: Vec<u8>,
}

impl Filling {
    /// With `whole`, the memory for the whole weight is allocated at once. Otherwise it grows with the bytes that
    /// arrive, since a file may claim any size.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn new(plan: Plan, whole: bool) -> Result<Self> {
        let mut filling = Self { plan, packer: None, bytes: Vec::new() };
        match plan.role {
            Role::Matrix if whole => filling.packer = Some(packer(plan)?),
            _ if whole => reserve_exact(&mut filling.bytes, plan.rows * plan.columns, MODEL)?,
            _ => {}
        }
        Ok(filling)
    }

    /// Takes the next raw data. The caller passes at most rows × columns of the plan in all.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn push(&mut self, raw: &[u8]) -> Result<()> {
        match &mut self.packer {
            Some(packer) => push_signed(packer, raw, self.plan.unsigned),
            None => append(&mut self.bytes, raw, MODEL)?,
        }
        Ok(())
    }

    /// Returns the weight once all its raw data has arrived.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn finish(self) -> Result<Weight> {
        let Self { plan, packer: begun, mut bytes } = self;
        if plan.role == Role::Table {
            bytes.shrink_to_fit();
            return Ok(Weight::Table(Arc::new(Table::new(plan.columns, plan.unsigned, bytes))));
        }
        let packer = match begun {
            Some(packer) => packer,
            None => {
                let mut packer = packer(plan)?;
                push_signed(&mut packer, &bytes, plan.unsigned);
                packer
            }
        };
        Ok(Weight::Matrix { packed: Arc::new(packer.finish()), unsigned: plan.unsigned })
    }
}

fn packer(plan: Plan) -> Result<Packer> {
    Packer::new(plan.rows, plan.columns).map_err(|_| no_memory(plan.rows.saturating_mul(plan.columns)))
}

/// Packs raw data. A uint8 weight becomes an int8 one by subtracting 128.
fn push_signed(packer: &mut Packer, raw: &[u8], unsigned: bool) {
    if !unsigned {
        return packer.push(raw);
    }
    let mut signed = [0; 4096];
    for raw in raw.chunks(signed.len()) {
        let signed = &mut signed[..raw.len()];
        for (signed, raw) in signed.iter_mut().zip(raw) {
            *signed = raw ^ 0x80;
        }
        packer.push(signed);
    }
}
