import { AnswerError, Connection } from './connection.js';
import { sizeOf } from './download.js';
import { isRefusal, refusal } from './hub/problems.js';
import type { ResolvedFile } from './resolved.js';
import { Retries } from './retry.js';

/**
 * Asks the server for the size of a file, without the file; undefined if it does not say.
 *
 * @throws `model_not_found`, `download_failed`, `aborted`
 */
export async function askSize(
  url: string,
  origin: ResolvedFile['origin'],
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const retries = new Retries(signal);
  let method = 'HEAD';
  for (;;) {
    const connection = new Connection(url, { signal, token: origin?.token?.value });
    try {
      return sizeOf((await connection.request({}, method)).headers);
    } catch (error) {
      if (!(error instanceof AnswerError)) await retries.wait(error);
      // Some servers answer GET alone, and the signature of a storage's URL may be for GET. The body is not read.
      else if (method === 'HEAD' && [403, 405].includes(error.status) && !isRefusal(error)) method = 'GET';
      else throw origin && isRefusal(error) ? refusal(error, origin) : error;
    } finally {
      connection.close();
    }
  }
}
