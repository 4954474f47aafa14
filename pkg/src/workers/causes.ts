import { messageOf } from '../common/errors.js';
import { tagOf } from '../common/kinds.js';

/** The cause of an error as it crosses between threads. Node 20 clones a `DOMException` to an empty object. */
export type SentCause = { clone: unknown } | { exception: Pick<DOMException, 'name' | 'message'> };

/** Prepares a cause that may be of any kind. One that cannot be cloned becomes an error with its message. */
export function sentCause(cause: unknown): SentCause {
  if (tagOf(cause) === 'DOMException') {
    const { name, message } = cause as DOMException;
    return { exception: { name, message } };
  }
  try {
    return { clone: structuredClone(cause) };
  } catch {
    return { clone: new Error(messageOf(cause)) };
  }
}

/** Restores a cause on the other side. */
export function receivedCause(sent: SentCause): unknown {
  return 'exception' in sent ? new DOMException(sent.exception.message, sent.exception.name) : sent.clone;
}
