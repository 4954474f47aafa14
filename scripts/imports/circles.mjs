/**
 * Finds the circles in a graph of files: its strongly connected components of more than one file (Tarjan).
 *
 * @param {Map<string, Set<string>>} imports
 * @returns {string[][]} the files of each circle, sorted
 */
export function circlesOf(imports) {
  const state = new Map();
  const stack = [];
  const circles = [];

  function visit(file) {
    const own = { index: state.size, low: state.size, onStack: true };
    state.set(file, own);
    stack.push(file);
    for (const target of imports.get(file) ?? []) {
      const other = state.get(target) ?? visit(target);
      if (other.onStack) own.low = Math.min(own.low, other.low);
    }
    if (own.low === own.index) {
      const component = stack.splice(stack.indexOf(file));
      for (const member of component) state.get(member).onStack = false;
      if (component.length > 1) circles.push(component.sort());
    }
    return own;
  }

  for (const file of imports.keys()) if (!state.has(file)) visit(file);
  return circles;
}
