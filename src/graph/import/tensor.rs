//! Converts an initializer or an attribute of an ONNX file to a tensor.

use std::borrow::Cow;

use tract_core::internal::*;

use crate::memory::reserve_exact;
use crate::onnx::refusal::MODEL;
use crate::onnx::schema;
use crate::onnx::schema::numbers::data_type;

/// The type with the ONNX number `code`. Half-precision floats become floats of 32 bits, as all tensors of them do.
pub fn datum_type(code: i64) -> TractResult<DatumType> {
    Ok(match i32::try_from(code).unwrap_or(0) {
        data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 => DatumType::F32,
        data_type::UINT8 => DatumType::U8,
        data_type::INT8 => DatumType::I8,
        data_type::UINT16 => DatumType::U16,
        data_type::INT16 => DatumType::I16,
        data_type::INT32 => DatumType::I32,
        data_type::INT64 => DatumType::I64,
        data_type::BOOL => DatumType::Bool,
        data_type::DOUBLE => DatumType::F64,
        data_type::UINT32 => DatumType::U32,
        data_type::UINT64 => DatumType::U64,
        _ => bail!("the engine does not support data type {code} of ONNX"),
    })
}

pub fn tensor(file: &schema::Tensor<'_>) -> TractResult<Tensor> {
    let name = file.name;
    let datum_type = datum_type(file.data_type.into())?;
    let shape = file
        .dims
        .iter()
        .map(|&size| usize::try_from(size).with_context(|| format!("tensor {name:?} has an axis of length {size}")))
        .collect::<TractResult<Vec<_>>>()?;
    let elements = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let elements = elements.with_context(|| format!("tensor {name:?} has shape {shape:?}, which is too large"))?;
    let bytes = file.data()?;
    let bytes = match file.data_type {
        data_type::FLOAT16 => widen(&bytes, |half| f16::from_bits(half).to_f32())?,
        // The first half of a float of 32 bits.
        data_type::BFLOAT16 => widen(&bytes, |half| f32::from_bits(u32::from(half) << 16))?,
        _ => bytes,
    };
    ensure!(
        Some(bytes.len()) == elements.checked_mul(datum_type.size_of()),
        "tensor {name:?} has {} bytes, which do not match {elements} numbers of {datum_type:?}",
        bytes.len()
    );
    if datum_type == bool::datum_type() {
        // Any byte but 0 means true; a bool may only hold 0 or 1.
        return Tensor::from_shape(&shape, &bytes.iter().map(|&byte| byte != 0).collect::<Vec<_>>());
    }
    let mut tensor = Tensor::zero_dt(datum_type, &shape)?;
    tensor.as_bytes_mut().copy_from_slice(&bytes);
    Ok(tensor)
}

/// The floats of 32 bits that floats of 16 bits stand for. A byte that is left over stays, so that the length is wrong.
fn widen(bytes: &[u8], float: impl Fn(u16) -> f32) -> TractResult<Cow<'static, [u8]>> {
    let (halves, rest) = bytes.as_chunks::<2>();
    let mut floats = Vec::new();
    reserve_exact(&mut floats, bytes.len().saturating_mul(2), MODEL)?;
    halves.iter().for_each(|&half| floats.extend_from_slice(&float(u16::from_le_bytes(half)).to_le_bytes()));
    floats.extend_from_slice(rest);
    Ok(floats.into())
}
