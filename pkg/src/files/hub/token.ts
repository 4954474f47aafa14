import { invalid, invalidValue } from '../../common/check.js';
import { type EnvironmentVariable, usableHub } from './environment.js';

/** An access token with its source, which messages name. They never show the token. */
export interface HubToken {
  value: string;
  source: '`token`' | "the environment's HF_TOKEN";
}

/** Returns the checked option `token`. */
export function checkToken(token: unknown): HubToken | undefined {
  if (token === undefined) return undefined;
  if (typeof token !== 'string' || token === '') throw invalidValue('token', 'a string that is not empty', token);
  return sendable({ value: token, source: '`token`' });
}

/**
 * Returns the token for a hub. An explicit one goes to the hub that the caller chose. The environment's goes to the
 * environment's hub and to no other.
 */
export function tokenFor(
  hub: URL,
  explicit: HubToken | undefined,
  environment: EnvironmentVariable | undefined,
): HubToken | undefined {
  if (explicit) return explicit;
  if (hub.origin !== usableHub(environment)?.origin) return undefined;
  const value = environment?.('HF_TOKEN')?.trim();
  return value ? sendable({ value, source: "the environment's HF_TOKEN" }) : undefined;
}

/** Refuses a token that no header can hold: `fetch` would quote it in its error. */
function sendable(token: HubToken): HubToken {
  if (/^[\x21-\x7e]+$/.test(token.value)) return token;
  throw invalid(`${sentenceStart(token.source)} must have printable ASCII characters alone; it has others.`);
}

function sentenceStart(source: HubToken['source']): string {
  return source.replace(/^the/, 'The');
}
