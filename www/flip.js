const milliseconds = 420;
const easing = 'cubic-bezier(0.22, 0.8, 0.3, 1)';
const stillness = matchMedia('(prefers-reduced-motion: reduce)');

/**
 * Puts the elements into this order below `parent`. They glide from their old places to the new ones, unless the user
 * prefers no motion. The focus stays where it is.
 */
export function arrange(parent, elements) {
  if (elements.every((element, index) => parent.children[index] === element)) return;
  const moves = stillness.matches || document.hidden ? () => {} : watchMoves(elements);
  const focused = document.activeElement;
  for (const [index, element] of elements.entries()) {
    const present = parent.children[index];
    if (present !== element) place(parent, element, present);
  }
  if (parent.contains(focused) && focused !== document.activeElement) focused.focus({ preventScroll: true });
  moves();
}

/** `moveBefore` keeps the focus, but some browsers lack it. */
function place(parent, element, before) {
  if (element.isConnected && parent.moveBefore) parent.moveBefore(element, before ?? null);
  else parent.insertBefore(element, before ?? null);
}

/** Notes the elements' places. The function that it returns animates them from there. */
function watchMoves(elements) {
  const tops = elements.map((element) => element.getBoundingClientRect().top);
  return () => {
    for (const element of elements) for (const animation of element.getAnimations()) animation.cancel();
    const distances = elements.map((element, index) => tops[index] - element.getBoundingClientRect().top);
    for (const [index, element] of elements.entries()) glide(element, distances[index]);
  };
}

function glide(element, distance) {
  if (Math.abs(distance) < 1) return;
  // A rising element passes over a sinking one.
  const zIndex = distance > 0 ? 2 : 1;
  element.animate(
    [
      { transform: `translateY(${distance}px)`, zIndex },
      { transform: 'none', zIndex },
    ],
    { duration: milliseconds, easing },
  );
}
