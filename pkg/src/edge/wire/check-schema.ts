import { Problem } from './problem.js';

type Kind = 'array' | 'boolean' | 'integer' | 'null' | 'number' | 'object' | 'string';

/** The part of JSON Schema that the handler uses. `const` and `enum` occur in answers only, which are not checked. */
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
  maxItems?: number;
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  anyOf?: readonly Schema[];
  /** For the OpenAPI document; `check` ignores it. */
  not?: Schema;
}

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
 * @throws `invalid_value`, `too_many_documents`
 */
export function check(value: unknown, schema: Schema, path = ''): void {
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

function checkText(value: string, { pattern }: Schema, path: string): void {
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
    throw wrong(path, 'must not be blank; it has no visible character');
}

function checkNumber(value: number, { minimum, maximum }: Schema, path: string): void {
  if (minimum !== undefined && value < minimum) throw wrong(path, `must be at least ${minimum}; it is less`);
  if (maximum !== undefined && value > maximum) throw wrong(path, `must be at most ${maximum}; it is more`);
}

function checkList(value: unknown[], { maxItems, items }: Schema, path: string): void {
  if (maxItems !== undefined && value.length > maxItems) {
    const message = `\`${path}\` has ${value.length} entries; the limit is ${maxItems}. Send fewer.`;
    throw new Problem('too_many_documents', message, { param: path });
  }
  if (items) for (const [index, entry] of value.entries()) check(entry, items, `${path}[${index}]`);
}

function checkObject(value: Record<string, unknown>, { properties = {}, required = [] }: Schema, path: string): void {
  const prefix = path === '' ? '' : `${path}.`;
  for (const name of required) {
    if (!Object.hasOwn(value, name)) throw wrong(`${prefix}${name}`, 'is missing; add it');
  }
  for (const [name, schema] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) check(value[name], schema, `${prefix}${name}`);
  }
}

function wrong(path: string, what: string): Problem {
  return new Problem('invalid_value', `${path ? `\`${path}\`` : 'The body'} ${what}.`, path ? { param: path } : {});
}
