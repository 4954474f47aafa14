import type { Embeddings, EmbedOptions } from '../../common/embedding.js';
import { check, type Schema, wrong } from './check-schema.js';
import type { Optional, SchemaFacts } from './dialect.js';
import * as fields from './fields.js';
import { Problem } from './problem.js';

type Ids = number[];

interface EmbeddingsBody {
  model?: Optional<string>;
  input: string | string[] | Ids | Ids[];
  encoding_format?: Optional<'float' | 'base64'>;
  dimensions?: Optional<number>;
  input_type?: Optional<'query' | 'document'>;
  truncation?: Optional<boolean>;
}

/** A request for embeddings. */
export interface EmbeddingsRequest {
  model: string | undefined;
  texts: (string | Ids)[];
  options: Pick<EmbedOptions, 'kind' | 'prompt' | 'dimensions'>;
  /** True if a text that is too long is a refusal; otherwise it is cut. */
  refusesLong: boolean;
  /** True for vectors as base64 of their numbers, little-endian and in single precision. */
  asBase64: boolean;
}

/** The form of requests for embeddings and of their answers: OpenAI's. */
export interface EmbeddingsDialect {
  request: Schema;
  response: Schema;
  /** @throws `invalid_value`, `unknown_field`, `too_many_documents` */
  read(body: unknown): EmbeddingsRequest;
  write(model: string, request: EmbeddingsRequest, embeddings: Embeddings): unknown;
}

const ids: Schema = { type: 'array', minItems: 1, items: fields.wholeNumber };

const response: Schema = {
  type: 'object',
  properties: {
    object: { const: 'list' },
    model: fields.text,
    data: {
      type: 'array',
      description: 'In the order of the input.',
      items: {
        type: 'object',
        properties: {
          object: { const: 'embedding' },
          index: fields.position,
          embedding: {
            description: 'A vector of length 1. As base64, its numbers in single precision, little-endian.',
            anyOf: [{ type: 'array', items: { type: 'number' } }, fields.text],
          },
        },
        required: ['object', 'index', 'embedding'],
      },
    },
    usage: {
      type: 'object',
      properties: { prompt_tokens: fields.wholeNumber, total_tokens: fields.wholeNumber },
      required: ['prompt_tokens', 'total_tokens'],
    },
    meta: {
      type: 'object',
      description: 'Present if texts were cut.',
      properties: { warnings: { type: 'array', items: fields.text } },
      required: ['warnings'],
    },
  },
  required: ['object', 'model', 'data', 'usage'],
};

/** The dialect of OpenAI's embeddings, with Voyage's `input_type` and `truncation`. */
export function embeddingsDialect(facts: SchemaFacts): EmbeddingsDialect {
  const request: Schema = {
    title: "OpenAI's embeddings",
    ...fields.only(
      {
        model: fields.modelField(facts),
        input: {
          description: `A text or a list of at most ${facts.documents}. A text may come as a list of the model's token ids.`,
          anyOf: [
            fields.text,
            { type: 'array', minItems: 1, items: { anyOf: [fields.text, fields.wholeNumber, ids] } },
          ],
        },
        encoding_format: { anyOf: [{ type: 'string', enum: ['float', 'base64'] }, { type: 'null' }] },
        dimensions: { ...fields.count, description: 'Cuts the vectors, for models that were trained for it.' },
        input_type: {
          anyOf: [{ type: 'string', enum: ['query', 'document'] }, { type: 'null' }],
          description: "Puts the model's prompt for that before each text. Default: no prompt.",
        },
        truncation: { ...fields.flag, description: 'False refuses a text that is too long. Default: it is cut.' },
        ...fields.ignored('Embeddings'),
      },
      ['input'],
    ),
    examples: [{ input: fields.exampleTexts }],
  };
  return {
    request,
    response,
    read(body) {
      check(body, request);
      return read(body as EmbeddingsBody, facts.documents);
    },
    write,
  };
}

function read(body: EmbeddingsBody, most: number): EmbeddingsRequest {
  const texts = textsOf(body.input);
  if (texts.length > most) {
    const message = `\`input\` has ${texts.length} entries; the limit is ${most}. Send fewer.`;
    throw new Problem('too_many_documents', message, { param: 'input' });
  }
  const { input_type: kind, dimensions } = body;
  return {
    model: body.model ?? undefined,
    texts,
    options: { ...(kind ? { kind } : { prompt: '' }), ...(dimensions && { dimensions }) },
    refusesLong: body.truncation === false,
    asBase64: body.encoding_format === 'base64',
  };
}

/** @throws `invalid_value` for a list of texts and numbers */
function textsOf(input: EmbeddingsBody['input']): (string | Ids)[] {
  if (typeof input === 'string') return [input];
  const numbers = input.filter((entry) => typeof entry === 'number');
  if (numbers.length === 0) return input as (string | Ids)[];
  if (numbers.length === input.length) return [numbers];
  throw wrong('input', 'must hold texts, lists of token ids, or token ids alone; it holds numbers beside others');
}

function write(model: string, { asBase64 }: EmbeddingsRequest, { embeddings, tokens, truncated }: Embeddings) {
  const sum = tokens.reduce((sum, count) => sum + count, 0);
  const cut = truncated.filter(Boolean).length;
  return {
    object: 'list',
    model,
    data: embeddings.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: asBase64 ? base64(vector) : Array.from(vector, shortest),
    })),
    usage: { prompt_tokens: sum, total_tokens: sum },
    ...(cut > 0 && { meta: { warnings: [`${cut} of ${truncated.length} texts were cut because they are too long.`] } }),
  };
}

/** Nine digits say which number in single precision is meant. */
function shortest(number: number): number {
  return Number(number.toPrecision(9));
}

function base64(vector: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(4 * vector.length));
  for (const [index, number] of vector.entries()) bytes.setFloat32(4 * index, number, true);
  let binary = '';
  for (const byte of new Uint8Array(bytes.buffer)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
