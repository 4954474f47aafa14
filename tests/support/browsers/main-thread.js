/**
 * Returns the lengths of the main thread's tasks while `work` runs, in milliseconds of processor time. So other work of
 * a busy machine does not count.
 */
export async function mainThreadTasks(page, work) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  let trace;
  try {
    await work();
  } finally {
    trace = JSON.parse((await browser.stopTracing()).toString('utf8'));
  }
  const mainThreads = new Set(
    trace.traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(threadOf),
  );
  return trace.traceEvents
    .filter((event) => event.name.endsWith('RunTask') && event.tdur !== undefined && mainThreads.has(threadOf(event)))
    .map(({ tdur }) => tdur / 1000);
}

function threadOf({ pid, tid }) {
  return `${pid} ${tid}`;
}
