// An empty worker, for comparison.
export default { fetch: () => new Response('ok') };
