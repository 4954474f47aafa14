/** Field numbers of ONNX's messages, and protobuf's kind of field with a length. */
const modelGraph = 7;
const graph = { node: 1, output: 12 };
const node = { input: 1, output: 2, operator: 4 };
const valueName = 1;
const withLength = 2;

const utf8 = (text) => Buffer.from(text);

function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const more = rest > 127n;
    bytes.push(Number(rest & 127n) | (more ? 128 : 0));
    if (!more) return Buffer.from(bytes);
  }
}

function field(number, bytes) {
  return Buffer.concat([varint((number << 3) | withLength), varint(bytes.length), bytes]);
}

/** Returns the fields of a message: each with its number, its whole bytes and, if it has a length, its value. */
function fieldsOf(message) {
  const fields = [];
  let place = 0;
  const readVarint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[place++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  while (place < message.length) {
    const start = place;
    const key = readVarint();
    let value;
    if ((key & 7) === withLength) {
      const length = readVarint();
      value = message.subarray(place, place + length);
      place += length;
    } else if ((key & 7) === 0) readVarint();
    else place += (key & 7) === 1 ? 8 : 4;
    fields.push({ number: key >> 3, whole: message.subarray(start, place), value });
  }
  return fields;
}

function changed(message, number, change) {
  const fields = fieldsOf(message).map((it) => (it.number === number ? field(number, change(it.value)) : it.whole));
  return Buffer.concat(fields);
}

/** Appends a sigmoid to the only output of an ONNX file, which it renames `probability`. */
export function withSigmoid(model) {
  const result = changed(Buffer.from(model), modelGraph, (body) => {
    const { value: output } = fieldsOf(body).find(({ number }) => number === graph.output);
    const { value: name } = fieldsOf(output).find(({ number }) => number === valueName);
    const sigmoid = Buffer.concat([
      field(node.input, name),
      field(node.output, utf8('probability')),
      field(node.operator, utf8('Sigmoid')),
    ]);
    const renamed = changed(body, graph.output, (value) => changed(value, valueName, () => utf8('probability')));
    return Buffer.concat([renamed, field(graph.node, sigmoid)]);
  });
  return new Uint8Array(result);
}
