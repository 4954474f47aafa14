import type { LoadProgress } from '../common/loading.js';
import type { RerankProgress } from '../common/types.js';
import type { ConversionProgress } from './convert/run.js';
import { bar, fit, type Output, styles, widthOf } from './terminal.js';

/** Shows progress on one line of a terminal, which is overwritten. */
export interface Progress {
  loading: ((progress: LoadProgress) => void) | undefined;
  ranking: ((progress: RerankProgress) => void) | undefined;
  indexing: ((progress: RerankProgress) => void) | undefined;
  converting: ((progress: ConversionProgress) => void) | undefined;
  /** Clears the line. */
  end(): void;
}

const stageNames = {
  read: 'model',
  observe: 'sample',
  round: 'rounding',
  measure: 'measuring',
  write: 'writing',
} as const satisfies Record<ConversionProgress['stage'], string>;

/** Shows progress if `stream` is a terminal. */
export function showProgress(stream: Output): Progress {
  if (!stream.isTTY) {
    return { loading: undefined, ranking: undefined, indexing: undefined, converting: undefined, end() {} };
  }
  const { dim } = styles(stream);
  let shown = '';
  const show = (line: string) => {
    if (line === shown) return;
    stream.write(`\r\x1b[2K${line}`);
    shown = line;
  };
  const showShare = (name: string, share: number, amount: string) => {
    const width = Math.max(4, Math.min(40, widthOf(stream) - 40));
    show(`${name.padEnd(10)}${bar(share, width)} ${`${Math.floor(share * 100)} %`.padStart(5)}  ${dim(amount)}`);
  };
  return {
    loading({ phase, file, loaded, total }) {
      if (phase === 'load') show(fit(`preparing ${file}`, widthOf(stream) - 1));
      else if (total) showShare(file, loaded / total, `${megabytes(loaded)} of ${megabytes(total)} MB`);
      else show(`${file.padEnd(10)}${megabytes(loaded)} MB`);
    },
    indexing: ({ done, total }) => showShare('indexing', done / total, `${done} of ${total} files`),
    ranking: ({ done, total }) => showShare('documents', done / total, `${done} of ${total}`),
    converting({ stage, done, total }) {
      const amount = stage === 'read' ? `${megabytes(done)} of ${megabytes(total ?? done)} MB` : `${done} of ${total}`;
      if (total) showShare(stageNames[stage], done / total, amount);
      else show(`${stageNames[stage].padEnd(10)}${megabytes(done)} MB`);
    },
    end: () => show(''),
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
