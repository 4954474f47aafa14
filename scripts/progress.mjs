// progress.mjs LABEL [lines]: reads cargo's output and shows its progress. In a terminal it overwrites one line; elsewhere
// it writes a line every ten seconds. `lines` asks for a line every half minute, for a build in the background. Warnings
// and errors pass.

import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';

const [label, form] = process.argv.slice(2);
const output = process.stderr;
const inBackground = form === 'lines';
const overwrites = Boolean(output.isTTY) && !inBackground;
const secondsBetweenLines = inBackground ? 30 : 10;
const clearLine = '\r\x1b[K';
const started = performance.now();

/** Cargo's progress, such as `12 of 130 crates`. Empty until cargo reports it. */
let state = '';
/** The crates that cargo compiles now. */
let current = '';
let shownAt = 0;
let hidden = true;
let finished = false;

const seconds = () => Math.round((performance.now() - started) / 1000);

function write(text) {
  output.write(hidden ? text : `${clearLine}${text}`);
  hidden = true;
}

function show() {
  if (state === '') return;
  const text = `${label}: ${state} after ${seconds()} s${current}`;
  if (overwrites) {
    write(text.slice(0, (output.columns ?? 80) - 1));
    hidden = false;
  } else if (seconds() - shownAt >= secondsBetweenLines) {
    shownAt = seconds();
    write(`${text}\n`);
  }
}

function read(raw) {
  const line = stripVTControlCharacters(raw);
  const [, done, total, crates] = /^ *Building \[[^\]]*\] (\d+)\/(\d+)(?:: (.*\S))?/.exec(line) ?? [];
  if (done) {
    state = `${done} of ${total} crates`;
    current = crates ? `, now ${crates}` : '';
  } else if (/^ *(Updating|Downloading|Downloaded) /.test(line)) {
    state ||= 'downloads crates';
  } else if (/^ *Finished /.test(line)) {
    finished = true;
  } else if (!/^ *(Compiling|Blocking|Locking|Building|Adding|Fresh|$)/.test(line)) {
    write(`${raw}\n`);
  }
  show();
}

// Cargo ends the line of its bar with a carriage return. Readline accepts that as the end of a line.
const lines = createInterface({ input: process.stdin, crlfDelay: 0 });
lines.on('line', read);
// Cargo writes nothing while it compiles the last crates, which takes minutes.
const ticking = setInterval(show, 1000);
lines.on('close', () => {
  clearInterval(ticking);
  if (state !== '') write(`${label}: ${finished ? 'compiled' : `${state}, stopped`} after ${seconds()} s\n`);
});
