/**
 * Returns a clock by which one kernel of an engine's race is the fastest: the one with the number `winner` of `entrants`.
 * The race asks the clock four times for each lap of a kernel, since time always passes between two questions.
 */
export function clockFor(winner, entrants) {
  let questions = 0;
  let time = 0;
  return () => {
    const entrant = Math.floor(questions / 4) % entrants;
    const ends = questions % 4 === 3;
    questions += 1;
    time += ends && entrant !== winner ? 10 : 1;
    return time;
  };
}
