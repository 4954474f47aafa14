import { nearestName } from '../../common/nearest.js';
import { Problem } from './problem.js';

type Kind = 'array' | 'boolean' | 'integer' | 'null' | 'number' | 'object' | 'string';

/**
 * The part of JSON Schema that the handler uses. `const` occurs in answers only, which are not checked. Without `type`
 * and `anyOf` every value fits.
 */
export interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  type?: Kind | readonly Kind[];
  const?: string;
  enum?: readonly string[];
  default?: unknown;
  examples?: readonly unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  prefixItems?: readonly Schema[];
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: false;
  required?: readonly string[];
  anyOf?: readonly Schema[];
  allOf?: readonly Schema[];
}

/** The names that a message may quote: another one may be private. */
const word = /^\w{1,40}$/;

const words: Record<Kind, string> = {
  array: 'an array',
  boolean: 'a boolean',
  integer: 'an integer',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string',
};

/**
 * Refuses a value that does not fit `schema`. The error has the path of the first part that is wrong.
 *
 * @throws `invalid_value`, `unknown_field`, `too_many_documents`
 */
export function check(value: unknown, schema: Schema, path = ''): void {
  if (!schema.type && !schema.anyOf) return;
  const branch = branchFor(value, schema);
  if (!branch) throw wrong(path, `must be ${describe(schema)}; it is ${found(value)}`);
  if (typeof value === 'string') checkText(value, branch, path);
  else if (typeof value === 'number') checkNumber(value, branch, path);
  else if (Array.isArray(value)) checkList(value, branch, path);
  else if (typeof value === 'object' && value !== null) checkObject(value as Record<string, unknown>, branch, path);
}

/** The schema or its alternative for values of this kind. */
function branchFor(value: unknown, schema: Schema): Schema | undefined {
  return (schema.anyOf ?? [schema]).find((each) => kindsOf(each).some((kind) => isOfKind(value, kind)));
}

function kindsOf({ type = [] }: Schema): readonly Kind[] {
  return typeof type === 'string' ? [type] : type;
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'null') return value === null;
  if (kind === 'integer') return Number.isInteger(value);
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === kind;
}

/** The kind of a value that a client sent; an error must not contain the value. */
function found(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? words.integer : 'a fraction';
  const kinds = ['array', 'boolean', 'null', 'object', 'string'] as const;
  return words[kinds.find((kind) => isOfKind(value, kind)) ?? 'object'];
}

function describe(schema: Schema): string {
  const kinds = (schema.anyOf ?? [schema]).flatMap((each) => {
    const fields = each.required?.map((name) => `\`${name}\``).join(' and ');
    return kindsOf(each).map((kind) => (fields ? `${words[kind]} with ${fields}` : words[kind]));
  });
  return kinds.join(' or ');
}

function checkText(value: string, { pattern, enum: choices }: Schema, path: string): void {
  if (choices && !choices.includes(value))
    throw wrong(path, `must be ${choices.map((each) => JSON.stringify(each)).join(' or ')}; it is another string`);
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
    throw wrong(path, 'must not be blank; it has no visible character');
}

function checkNumber(value: number, { minimum, maximum }: Schema, path: string): void {
  if (minimum !== undefined && value < minimum) throw wrong(path, `must be at least ${minimum}; it is less`);
  if (maximum !== undefined && value > maximum) throw wrong(path, `must be at most ${maximum}; it is more`);
}

function checkList(value: unknown[], schema: Schema, path: string): void {
  const { minItems = 0, maxItems, items, prefixItems = [] } = schema;
  if (value.length < minItems || (minItems === maxItems && value.length > minItems))
    throw wrong(
      path,
      `must have ${maxItems === minItems ? '' : 'at least '}${minItems} entries; it has ${value.length}`,
    );
  if (maxItems !== undefined && value.length > maxItems) {
    const message = `\`${path}\` has ${value.length} entries; the limit is ${maxItems}. Send fewer.`;
    throw new Problem('too_many_documents', message, { param: path });
  }
  for (const [index, each] of prefixItems.entries()) check(value[index], each, `${path}[${index}]`);
  if (items) for (const [index, entry] of value.entries()) check(entry, items, `${path}[${index}]`);
}

function checkObject(value: Record<string, unknown>, schema: Schema, path: string): void {
  const { properties = {}, required = [], additionalProperties } = schema;
  const prefix = path === '' ? '' : `${path}.`;
  if (additionalProperties === false) checkFields(value, Object.keys(properties), prefix);
  for (const name of required) {
    if (!Object.hasOwn(value, name)) throw wrong(`${prefix}${name}`, 'is missing; add it');
  }
  for (const [name, schema] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) check(value[name], schema, `${prefix}${name}`);
  }
}

/** Refuses a field that has no meaning here, so that a misspelt one is noticed. */
function checkFields(value: object, known: readonly string[], prefix: string): void {
  const name = Object.keys(value).find((each) => !known.includes(each));
  if (name === undefined) return;
  const field = word.test(name) ? `${prefix}${name}` : undefined;
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? 'it' : `did you mean \`${prefix}${nearest}\`? It`;
  throw new Problem(
    'unknown_field',
    `${field ? `\`${field}\`` : 'A field'} is unknown in this request; ${hint} may have ${known.join(', ')}.`,
    field ? { param: field } : {},
  );
}

export function wrong(path: string, what: string): Problem {
  return new Problem('invalid_value', `${path ? `\`${path}\`` : 'The body'} ${what}.`, path ? { param: path } : {});
}
