//! Numbers of fields and of types in onnx.proto.

/// Fields of a ModelProto.
pub mod model {
    pub const GRAPH: u32 = 7;
    pub const OPERATOR_SET: u32 = 8;
}

/// Fields of an OperatorSetIdProto.
pub mod operator_set {
    pub const DOMAIN: u32 = 1;
    pub const VERSION: u32 = 2;
}

/// Fields of a GraphProto.
pub mod graph {
    pub const NODE: u32 = 1;
    pub const INITIALIZER: u32 = 5;
    pub const INPUT: u32 = 11;
    pub const OUTPUT: u32 = 12;
    pub const VALUE_INFO: u32 = 13;
}

/// Fields of a NodeProto.
pub mod node {
    pub const INPUT: u32 = 1;
    pub const OUTPUT: u32 = 2;
    pub const NAME: u32 = 3;
    pub const OPERATOR: u32 = 4;
    pub const ATTRIBUTE: u32 = 5;
    pub const DOMAIN: u32 = 7;
}

/// Fields of an AttributeProto.
pub mod attribute {
    pub const NAME: u32 = 1;
    pub const FLOAT: u32 = 2;
    pub const INTEGER: u32 = 3;
    pub const TEXT: u32 = 4;
    pub const TENSOR: u32 = 5;
    pub const GRAPH: u32 = 6;
    pub const FLOATS: u32 = 7;
    pub const INTEGERS: u32 = 8;
    pub const TENSORS: u32 = 10;
    pub const GRAPHS: u32 = 11;
    pub const TYPE: u32 = 20;
    /// The value of `TYPE` for an integer.
    pub const TYPE_INTEGER: u64 = 2;
}

/// Fields of a TensorProto.
pub mod tensor {
    pub const DIMS: u32 = 1;
    pub const DATA_TYPE: u32 = 2;
    pub const SEGMENT: u32 = 3;
    pub const FLOAT_DATA: u32 = 4;
    pub const INT32_DATA: u32 = 5;
    pub const STRING_DATA: u32 = 6;
    pub const INT64_DATA: u32 = 7;
    pub const NAME: u32 = 8;
    pub const RAW_DATA: u32 = 9;
    pub const DOUBLE_DATA: u32 = 10;
    pub const UINT64_DATA: u32 = 11;
    pub const DOC_STRING: u32 = 12;
    pub const EXTERNAL_DATA: u32 = 13;
    pub const DATA_LOCATION: u32 = 14;
    /// The value of `DATA_LOCATION` for data in another file.
    pub const EXTERNAL: i32 = 1;
}

/// Fields of a StringStringEntryProto.
pub mod entry {
    pub const KEY: u32 = 1;
    pub const VALUE: u32 = 2;
}

/// The types of a tensor's elements.
pub mod data_type {
    pub const FLOAT: i32 = 1;
    pub const UINT8: i32 = 2;
    pub const INT8: i32 = 3;
    pub const UINT16: i32 = 4;
    pub const INT16: i32 = 5;
    pub const INT32: i32 = 6;
    pub const INT64: i32 = 7;
    pub const STRING: i32 = 8;
    pub const BOOL: i32 = 9;
    pub const FLOAT16: i32 = 10;
    pub const DOUBLE: i32 = 11;
    pub const UINT32: i32 = 12;
    pub const UINT64: i32 = 13;
    /// The two types of complex numbers.
    pub const COMPLEX64: i32 = 14;
    pub const COMPLEX128: i32 = 15;
    pub const BFLOAT16: i32 = 16;
    /// The first and the last of the newer types with at most eight bits.
    pub const FLOAT8E4M3FN: i32 = 17;
    pub const FLOAT4E2M1: i32 = 23;
}

/// Fields of a ValueInfoProto, and of the messages in it down to the size of an axis.
pub mod value_info {
    pub const NAME: u32 = 1;
    pub const TYPE: u32 = 2;
    /// Field of a TypeProto.
    pub const TYPE_TENSOR: u32 = 1;
    /// Fields of a TypeProto.Tensor.
    pub const TENSOR_ELEMENT: u32 = 1;
    pub const TENSOR_SHAPE: u32 = 2;
    /// Field of a TensorShapeProto.
    pub const SHAPE_DIMENSION: u32 = 1;
    /// Field of a TensorShapeProto.Dimension.
    pub const DIMENSION_SIZE: u32 = 1;
}
