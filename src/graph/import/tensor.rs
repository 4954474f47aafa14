//! Converts an initializer or an attribute of an ONNX file to a tensor.

use tract_core::internal::*;

use crate::onnx::schema;
use crate::onnx::schema::floats::half_widener;
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
    let half = half_widener(file.data_type);
    let size = if half.is_some() { 2 } else { datum_type.size_of() };
    ensure!(
        Some(bytes.len()) == elements.checked_mul(size),
        "tensor {name:?} has {} bytes, which do not match {elements} numbers of {size} bytes",
        bytes.len()
    );
    if datum_type == bool::datum_type() {
        // Any byte but 0 means true; a bool may only hold 0 or 1.
        return Tensor::from_shape(&shape, &bytes.iter().map(|&byte| byte != 0).collect::<Vec<_>>());
    }
    let mut tensor = Tensor::zero_dt(datum_type, &shape)?;
    match half {
        Some(float) => {
            let (halves, floats) = (bytes.as_chunks::<2>().0, tensor.as_bytes_mut().as_chunks_mut::<4>().0);
            for (to, &half) in floats.iter_mut().zip(halves) {
                *to = float(u16::from_le_bytes(half)).to_ne_bytes();
            }
        }
        None => tensor.as_bytes_mut().copy_from_slice(&bytes),
    }
    Ok(tensor)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TensorProto of two numbers: the shape, the type, and raw data.
    fn read(data_type: u8, raw: &[u8]) -> TractResult<Vec<f32>> {
        let message = [&[0x08, 2, 0x10, data_type, 0x4a, raw.len() as u8], raw].concat();
        Ok(tensor(&schema::Tensor::read(&message)?)?.view().as_slice::<f32>()?.to_vec())
    }

    #[test]
    fn halves_become_floats() {
        assert_eq!(read(10, &[0x00, 0x3c, 0x00, 0xc1]).unwrap(), [1.0, -2.5]);
        assert_eq!(read(16, &[0x80, 0x3f, 0x20, 0xc0]).unwrap(), [1.0, -2.5]);
    }

    #[test]
    fn a_number_cut_in_two_is_refused() {
        for data_type in [10, 16] {
            assert!(read(data_type, &[0x00, 0x3c, 0x00]).is_err());
            assert!(read(data_type, &[0x00, 0x3c, 0x00, 0x3c, 0x00, 0x3c]).is_err());
        }
    }
}
