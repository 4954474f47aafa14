import { RerankError } from '../../common/errors.js';
import { AnswerError, Connection } from '../connection.js';
import { Retries } from '../retry.js';
import type { HubChoice } from './choice.js';
import { knownPaths } from './graph.js';
import { fileUrl, type HubPlace } from './place.js';
import { isRefusal, refusal } from './problems.js';

/**
 * Chooses the files of a repository without its list: asks for each usual path until one exists.
 *
 * @throws `model_not_found`, `download_failed`, `aborted`
 */
export async function probe(place: HubPlace, file: string | undefined): Promise<HubChoice> {
  const { revision } = place;
  const model = file ?? (await firstGraph(place));
  const hasConfig = (await ask(place, 'config.json')) === undefined;
  return {
    revision,
    files: {
      ...(hasConfig && { config: { path: 'config.json' } }),
      tokenizer: { path: 'tokenizer.json' },
      model: { path: model },
    },
  };
}

async function firstGraph(place: HubPlace): Promise<string> {
  let denied: AnswerError | undefined;
  for (const path of knownPaths) {
    const missing = await ask(place, path);
    if (!missing) return path;
    if (![404, 410].includes(missing.status)) denied ??= missing;
  }
  if (denied) throw refusal(denied, place);
  const { hub, repository, revision } = place;
  const tried = `${hub.origin} has none of the usual ONNX files of ${repository} at ${revision}, and no list of its files`;
  throw new RerankError('model_not_found', `${tried}; check the name, or pass the path of the ONNX file as \`file\`.`);
}

/** Returns the answer that says that a file is missing; undefined if the file exists. */
async function ask(place: HubPlace, path: string): Promise<AnswerError | undefined> {
  const { revision, signal, token } = place;
  const retries = new Retries(signal);
  for (;;) {
    const connection = new Connection(fileUrl(place, revision, path).href, { signal, token: token?.value });
    try {
      await connection.request({}, 'HEAD');
      return undefined;
    } catch (error) {
      if (!(error instanceof AnswerError)) await retries.wait(error);
      // Such a server answers GET alone. The download shows whether the file exists.
      else if (error.status === 405) return undefined;
      else if (isRefusal(error) && error.reason !== 'EntryNotFound') throw refusal(error, place);
      else return error;
    } finally {
      connection.close();
    }
  }
}
