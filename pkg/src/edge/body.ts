import { startTimer } from '../common/timer.js';
import type { Take } from './queue.js';
import type { HandlerLimits } from './types.js';
import { abortedProblem, Problem } from './wire/problem.js';

const json = /^application\/(json|[\w.+-]+\+json)\s*(;|$)/i;
const otherCharset = /;\s*charset\s*=\s*(?!"?utf-8"?\s*(;|$))/i;

type BodyLimits = Required<Pick<HandlerLimits, 'bodyBytes' | 'bodySeconds'>>;

/**
 * Reads the body of a request as JSON. It reads at most `limits.bodyBytes`, waits at most `limits.bodySeconds`, and
 * stops if `take` has no room.
 *
 * @throws `unsupported_media_type` and `body_too_large` from the headers, before the body is touched;
 * `body_too_large`, `invalid_json`, `request_aborted`; the error of `take`
 */
export async function readJson(request: Request, limits: BodyLimits, take: Take): Promise<unknown> {
  checkType(request.headers);
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > limits.bodyBytes) throw tooLarge(limits.bodyBytes);
  const text = await readText(request, limits, take);
  if (request.signal.aborted) throw abortedProblem();
  if (text === '') throw new Problem('invalid_json', 'The body is empty; send a JSON object.');
  try {
    return JSON.parse(text);
  } catch {
    // The message of `JSON.parse` quotes the text, which may be private.
    throw new Problem('invalid_json', 'The body is not valid JSON; send a JSON object.');
  }
}

function checkType(headers: Headers): void {
  const type = headers.get('content-type') ?? '';
  if (!json.test(type) || otherCharset.test(type)) {
    throw new Problem('unsupported_media_type', 'The content-type is not application/json in UTF-8; send that.');
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported_media_type', 'The body is compressed; send it without content-encoding.');
  }
}

async function readText(
  { body, signal }: Request,
  { bodyBytes, bodySeconds }: BodyLimits,
  take: Take,
): Promise<string> {
  if (!body) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  // Not awaited: the request has ended.
  const cancel = () => void reader.cancel().catch(() => {});
  let late: Problem | undefined;
  const stopTimer = startTimer(bodySeconds, () => {
    late = new Problem('invalid_json', `The body did not arrive within ${bodySeconds} s; send it again.`);
    cancel();
  });
  signal.addEventListener('abort', cancel);
  try {
    const text = await readAll(reader, bodyBytes, take);
    // A cancelled body ends like a complete one.
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
      throw new Problem('invalid_json', 'The body ended early; send it again.');
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
    throw new Problem('invalid_json', 'The body is not valid UTF-8; encode it as UTF-8.');
  }
}

function tooLarge(limit: number): Problem {
  return new Problem(
    'body_too_large',
    `The body has more than the ${limit} bytes that are allowed; send fewer or shorter documents.`,
  );
}
