// Sends requests for the host that the README names to the test's server. Node imports this file in each thread.
const { MODEL_URL } = process.env;
const host = 'models.example';

const real = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  return url.host === host
    ? real(new URL(url.pathname.replace(/^\/[^/]+/, new URL(MODEL_URL).pathname), MODEL_URL), init)
    : real(input, init);
};
