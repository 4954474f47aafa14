import { bar, fit, styles, widthOf } from './terminal.mjs';

/** Shows on `stream` how far things are: a bar on a terminal, else a line for every tenth of a file that is large. */
export function showProgress(stream) {
  return stream.isTTY ? bars(stream) : lines(stream);
}

function bars(stream) {
  const { dim } = styles(stream);
  let shown = '';
  const show = (line) => {
    if (line === shown) return;
    stream.write(`\r\x1b[2K${line}`);
    shown = line;
  };
  const showShare = (name, share, amount) => {
    const width = Math.max(4, Math.min(40, widthOf(stream) - 40));
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    show(`${name.padEnd(10)}${bar(share, width)} ${percent}  ${dim(amount)}`);
  };
  return {
    loading({ phase, file, loaded, total }) {
      if (phase === 'load') show(fit(`preparing ${file}`, widthOf(stream) - 1));
      else if (total) showShare(file, loaded / total, sizes(loaded, total));
      else show(`${file.padEnd(10)}${megabytes(loaded)} MB`);
    },
    ranking: ({ done, total }) => showShare('passages', done / total, `${done} of ${total}`),
    end: () => show(''),
  };
}

const largeBytes = 5e6;

function lines(stream) {
  let tenths = -1;
  return {
    loading({ phase, file, loaded, total }) {
      if (phase === 'load' && loaded === 0) stream.write(`preparing ${file}\n`);
      if (phase !== 'download' || !(total > largeBytes)) return;
      if (loaded === 0) tenths = -1;
      const reached = Math.floor((loaded / total) * 10);
      if (reached === tenths) return;
      tenths = reached;
      stream.write(`${file}: ${reached * 10} % (${sizes(loaded, total)})\n`);
    },
    ranking() {},
    end() {},
  };
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
const sizes = (loaded, total) => `${megabytes(loaded)} of ${megabytes(total)} MB`;
