//! An initializer or an attribute of an ONNX file as a tensor.

use tract_core::internal::*;

use super::proto::TensorProto;

/// The type that ONNX has the number `code` for.
pub fn datum_type(code: i64) -> TractResult<DatumType> {
    Ok(match code {
        1 => DatumType::F32,
        2 => DatumType::U8,
        3 => DatumType::I8,
        4 => DatumType::U16,
        5 => DatumType::I16,
        6 => DatumType::I32,
        7 => DatumType::I64,
        9 => DatumType::Bool,
        10 => DatumType::F16,
        11 => DatumType::F64,
        12 => DatumType::U32,
        13 => DatumType::U64,
        _ => bail!("data type {code} is not supported"),
    })
}

pub fn tensor(proto: &TensorProto) -> TractResult<Tensor> {
    let name = &proto.name;
    ensure!(proto.data_location != 1, "the data of {name:?} lies in another file");
    let datum_type = datum_type(proto.data_type.into())?;
    let shape = proto
        .dims
        .iter()
        .map(|&size| usize::try_from(size).with_context(|| format!("{name:?} has a size of {size}")))
        .collect::<TractResult<Vec<_>>>()?;
    let elements = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let elements = elements.with_context(|| format!("{name:?} is of no possible size"))?;
    let bytes = match &proto.raw_data {
        Some(raw) if !raw.is_empty() => Cow::from(raw),
        _ => typed_data(proto, datum_type).into(),
    };
    ensure!(
        Some(bytes.len()) == elements.checked_mul(datum_type.size_of()),
        "{name:?} has {} bytes for {elements} numbers of {datum_type:?}",
        bytes.len()
    );
    if datum_type == bool::datum_type() {
        // Any byte but 0 is true, and no other than 0 and 1 may become a bool.
        return Tensor::from_shape(&shape, &bytes.iter().map(|&byte| byte != 0).collect::<Vec<_>>());
    }
    // SAFETY: the length was checked above, and numbers may have any bits.
    unsafe { Tensor::from_raw_dt(datum_type, &shape, &bytes) }
}

/// The bytes, in their raw form, of data that has one field for each number.
fn typed_data(proto: &TensorProto, datum_type: DatumType) -> Vec<u8> {
    fn join<const SIZE: usize>(numbers: impl Iterator<Item = [u8; SIZE]>) -> Vec<u8> {
        numbers.flatten().collect()
    }
    match datum_type {
        DatumType::F32 => join(proto.float_data.iter().map(|number| number.to_le_bytes())),
        DatumType::F64 => join(proto.double_data.iter().map(|number| number.to_le_bytes())),
        DatumType::I64 => join(proto.int64_data.iter().map(|number| number.to_le_bytes())),
        DatumType::U64 => join(proto.uint64_data.iter().map(|number| number.to_le_bytes())),
        DatumType::U32 => join(proto.uint64_data.iter().map(|&number| (number as u32).to_le_bytes())),
        // A number narrower than 32 bits is in the low ones of its field, a half-precision float's bits too.
        _ => match datum_type.size_of() {
            4 => join(proto.int32_data.iter().map(|number| number.to_le_bytes())),
            2 => join(proto.int32_data.iter().map(|&number| (number as u16).to_le_bytes())),
            _ => join(proto.int32_data.iter().map(|&number| (number as u8).to_le_bytes())),
        },
    }
}
