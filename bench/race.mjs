import { median, pairedRatio } from './statistics.mjs';

/** This limit is far above the error of int8 arithmetic (about 0.1) and far below the stand-in's spread (1 to 2). */
const mostDifference = 1;

/**
 * Lets contestants run the same input in turns, A B A B, after one round that does not count. Returns each contestant's
 * times in milliseconds and its numbers: logits, or those of vectors. Throws if those of two contestants differ by more
 * than `limit`, or if one ran another number of tokens than `input.sequences` has.
 */
export async function race(contestants, input, rounds, limit = mostDifference) {
  const lanes = Object.fromEntries(Object.keys(contestants).map((name) => [name, { times: [] }]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, contestant] of Object.entries(contestants)) {
      const result = await contestant.call('run', input);
      if (round > 0) lanes[name].times.push(result.milliseconds);
      Object.assign(lanes[name], { numbers: result.numbers ?? result.logits, tokens: result.tokens });
    }
  }
  if (input.sequences) checkTokens(lanes, input.sequences.flat().length);
  return { lanes, difference: compare(lanes, limit) };
}

function checkTokens(lanes, expected) {
  for (const [lane, { tokens }] of Object.entries(lanes)) {
    if (tokens !== expected) throw new Error(`${lane} ran ${tokens} tokens instead of ${expected}.`);
  }
}

function compare(lanes, limit) {
  const [[first, { numbers }], ...others] = Object.entries(lanes);
  const differences = others.flatMap(([name, lane]) => {
    const differences = numbers.map((number, index) => Math.abs(number - lane.numbers[index]));
    const difference = differences.reduce((most, each) => Math.max(most, each), 0);
    if (numbers.length !== lane.numbers.length || !(difference < limit)) {
      const some = [numbers, lane.numbers].map((all) => all.slice(0, 20).join(', '));
      throw new Error(
        `A number of ${first} and ${name} differs by ${difference}; the limit is ${limit}. They begin with ` +
          `${some.join(' against ')}.`,
      );
    }
    return difference;
  });
  return Math.max(0, ...differences);
}

/** Adds the medians and the ratios peer ÷ ours to the report. */
export function reportRace(report, { lanes, difference }, { title, name, place, peer, peerLane }) {
  const peerTimes = lanes[peerLane].times;
  for (const [lane, { times }] of Object.entries(lanes)) {
    report.add(`time.${place}.${title}.${lane}`, median(times) / 1000, 's');
    if (lane !== peerLane) report.add(name(lane), pairedRatio(peerTimes, times), 'ratio', peer);
  }
  report.note(`${title} in ${place}: numbers of ours and ${peerLane} differ by ${difference.toFixed(3)} at most`);
}

/** Races two contestants. Reports their medians and, as `name`, the first lane's time ÷ the second's. */
export async function reportLanes(report, name, contestants, input, rounds, peer) {
  const { lanes } = await race(contestants, input, rounds);
  for (const [lane, { times }] of Object.entries(lanes)) {
    report.add(`time.${name}.${lane}`, median(times) / 1000, 's');
  }
  const [slower, faster] = Object.values(lanes);
  report.add(name, pairedRatio(slower.times, faster.times), 'ratio', peer);
}
