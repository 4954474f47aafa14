// A worker with nothing in it.
export default { fetch: () => new Response('ok') };
