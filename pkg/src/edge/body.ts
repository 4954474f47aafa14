import { startTimer } from '../common/timer.js';
import type { Take } from './queue.js';
import type { HandlerLimits } from './types.js';
import { abortedProblem, Problem } from './wire/problem.js';

const json = /^application\/(json|[\w.+-]+\+json)\s*(;|$)/i;
const otherCharset = /;\s*charset\s*=\s*(?!"?utf-8"?\s*(;|$))/i;

type BodyLimits = Required<Pick<HandlerLimits, 'bodyBytes' | 'bodySeconds'>>;

/**
 * The body of a request as a JSON value, read no further and no longer than `limits` say and than `take` has room for.
 *
 * @throws `unsupported_media_type` and `body_too_large` where the headers say so, before the body is touched;
 * `body_too_large`, `invalid_json`, `request_aborted`; what `take` throws
 */
export async function readJson(request: Request, limits: BodyLimits, take: Take): Promise<unknown> {
  checkType(request.headers);
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > limits.bodyBytes) throw tooLarge(limits.bodyBytes);
  const text = await readText(request, limits, take);
  if (request.signal.aborted) throw abortedProblem();
  if (text === '') throw new Problem('invalid_json', 'the body is empty');
  try {
    return JSON.parse(text);
  } catch {
    // The engine's message quotes the text.
    throw new Problem('invalid_json', 'the body is not valid JSON');
  }
}

function checkType(headers: Headers): void {
  const type = headers.get('content-type') ?? '';
  if (!json.test(type) || otherCharset.test(type)) {
    throw new Problem('unsupported_media_type', 'the content type must be application/json, in UTF-8');
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported_media_type', 'the body must not be compressed');
  }
}

async function readText(
  { body, signal }: Request,
  { bodyBytes, bodySeconds }: BodyLimits,
  take: Take,
): Promise<string> {
  if (!body) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  // Nobody waits for what cancelling says: the request is over.
  const cancel = () => void reader.cancel().catch(() => {});
  let late: Problem | undefined;
  const stopTimer = startTimer(bodySeconds, () => {
    late = new Problem('invalid_json', `the body did not arrive within ${bodySeconds} s`);
    cancel();
  });
  signal.addEventListener('abort', cancel);
  try {
    const text = await readAll(reader, bodyBytes, take);
    // What is cancelled ends as if all had been read.
    if (late) throw late;
    return text;
  } catch (error) {
    cancel();
    throw signal.aborted ? abortedProblem() : (late ?? error);
  } finally {
    stopTimer();
    signal.removeEventListener('abort', cancel);
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number, take: Take): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for (let size = 0; ; ) {
    const { done, value } = await reader.read().catch(() => {
      throw new Problem('invalid_json', 'the body broke off');
    });
    if (done) return text + decode(decoder);
    size += value.length;
    if (size > limit) throw tooLarge(limit);
    take(value.length);
    text += decode(decoder, value);
  }
}

function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
  } catch {
    throw new Problem('invalid_json', 'the body is not valid UTF-8');
  }
}

function tooLarge(limit: number): Problem {
  return new Problem('body_too_large', `the body has more than ${limit} bytes`);
}
