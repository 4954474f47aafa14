import { RerankError } from '../../common/errors.js';
import type { AnswerError } from '../connection.js';
import type { HubName } from './name.js';
import type { HubToken } from './token.js';

/** The parts of a repository that messages name. */
export interface HubSubject extends HubName {
  token?: HubToken | undefined;
}

/** The failure for a hub's refusal, which says what to do about it. */
export function refusal(error: AnswerError, subject: HubSubject): RerankError {
  const { repository, revision, token } = subject;
  const { status, reason } = error;
  const answer = `the hub answered with HTTP ${status}`;
  const fail = (code: 'model_not_found' | 'download_failed', message: string) =>
    new RerankError(code, message, { cause: error });
  if (reason === 'RevisionNotFound') {
    return fail(
      'model_not_found',
      `The repository ${repository} has no revision ${JSON.stringify(revision)}: ${answer}.`,
    );
  }
  if (reason === 'EntryNotFound' || (reason === undefined && [404, 410].includes(status))) {
    return fail(
      'model_not_found',
      `${error.message.replace(/; check the URL\.$/, '')}; ${repository} lacks this file.`,
    );
  }
  if (reason === 'GatedRepo') {
    const advice = `Accept its terms on its page, then pass a \`token\` of the account that did`;
    return fail('download_failed', `The repository ${repository} is gated: ${answer}. ${advice}.`);
  }
  if (token && status !== 404 && reason !== 'RepoNotFound') {
    const advice = `Check ${token.source}: it may be out of date, or not allowed to read this repository`;
    return fail('download_failed', `The hub refused to show ${repository} (HTTP ${status}). ${advice}.`);
  }
  const advice = token
    ? `Check the name, and whether ${token.source} may read it`
    : 'Check the name, or pass a `token` that may read it';
  const code = status === 403 ? 'download_failed' : 'model_not_found';
  return fail(code, `The repository ${repository} does not exist, is private or is gated: ${answer}. ${advice}.`);
}

/** True for an answer about the repository or the right to read it, not about one address of the server. */
export function isRefusal({ status, reason }: AnswerError): boolean {
  return status === 401 || reason !== undefined;
}

/** The failure for an answer that is no list of files. */
export function wrongListing(repository: string, reason: string): RerankError {
  const advice = 'Try again later, or pass the URLs of the files as `model`';
  return new RerankError('download_failed', `The hub's list of the files of ${repository} ${reason}. ${advice}.`);
}

/** A repository or a directory with the files of a model, for messages. */
export interface Holder {
  /** Such as `repository org/repo`. */
  name: string;
  /** A clause: what to do if it has no graph that the engine can run. */
  advice: string;
}

export function repositoryHolder(repository: string): Holder {
  return { name: `repository ${repository}`, advice: conversionsOf(repository) };
}

export function directoryHolder(path: string): Holder {
  const example = 'onnx/model_quantized.onnx';
  const advice = `a model needs one such as ${example}; \`npx rerank-wasm models\` lists models with such a file`;
  return { name: `directory ${path}`, advice };
}

/** The failure for a directory of a model without a file; `what` names it. */
export function lacking(directory: string, what: string): RerankError {
  const message = `The directory ${directory} has no ${what}; a model needs one in Hugging Face's layout.`;
  return new RerankError('model_not_found', message);
}

/** Lists paths for a message. */
export function listed(paths: readonly string[]): string {
  const most = 12;
  const shown = paths.slice(0, most).join(', ');
  return paths.length > most ? `${shown} and ${paths.length - most} more` : shown;
}

/** Names where others publish conversions of a repository's model. */
export function conversionsOf(repository: string): string {
  const name = repository.slice(repository.indexOf('/') + 1);
  return `look for a conversion, such as onnx-community/${name.replace(/-ONNX$/i, '')}-ONNX or Xenova/${name}`;
}
