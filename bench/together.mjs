/** Starts contestants, passes them to `action`, and stops them even if it fails. */
export async function together(start, action) {
  const contestants = {};
  try {
    for (const name of Object.keys(start)) contestants[name] = await start[name]();
    return await action(contestants);
  } finally {
    for (const contestant of Object.values(contestants)) await contestant.stop();
  }
}
