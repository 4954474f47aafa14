import assert from 'node:assert/strict';

import { Ajv2020 } from 'ajv/dist/2020.js';

const pointer = (...steps) => steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Checks answers against the OpenAPI document of the handler that sent them. */
export class OpenApiChecker {
  #document;
  #ajv = new Ajv2020({ strict: false });
  #validators = new Map();

  constructor(document) {
    this.#document = document;
    this.#ajv.addSchema(document, 'openapi');
  }

  /** Tells whether the document allows `body` as a request for a ranking. */
  accepts(body) {
    const schema = pointer('paths', '/v1/rerank', 'post', 'requestBody', 'content', 'application/json', 'schema');
    return this.#validatorFor(schema)(body);
  }

  /** Asserts that the document foresees this answer. `text` is its body. */
  check({ method, path, status, type, text }) {
    const responses = this.#document.paths[path]?.[method.toLowerCase()]?.responses;
    // Either the document lacks this method or path, or the client went away. The body is a problem in both cases.
    if (!responses || status === 499) return this.#checkBody(pointer('components', 'schemas', 'Problem'), text);
    assert.ok(responses[status], `${method} ${path} has no ${status}: ${text}`);
    assert.ok(responses[status].content[type], `${method} ${path} ${status} has no ${type}`);
    const step = [method.toLowerCase(), 'responses', `${status}`, 'content', type, 'schema'];
    if (type === 'application/json') this.#checkBody(pointer('paths', path, ...step), text);
  }

  #checkBody(schema, text) {
    const validate = this.#validatorFor(schema);
    const valid = validate(JSON.parse(text));
    assert.ok(valid, `${this.#ajv.errorsText(validate.errors)} in ${text}`);
  }

  #validatorFor(schema) {
    const validate = this.#validators.get(schema) ?? this.#ajv.compile({ $ref: `openapi#${schema}` });
    this.#validators.set(schema, validate);
    return validate;
  }
}
