// Answers for `hub.faults`: what servers do besides sending the whole file at once.

/** Sends `bytes`, or the part that is asked for, as the version `etag`; a part of another version is not to be had. */
export function withRanges(bytes, { etag = '"one"' } = {}) {
  return (request, response) => {
    const { range, 'if-range': version } = request.headers;
    const [, start] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
    const headers = etag ? { etag } : {};
    if (start === undefined || (version !== undefined && version !== etag)) {
      response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
      return;
    }
    const rest = bytes.subarray(Number(start));
    const part = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { ...headers, 'content-range': part, 'content-length': rest.length }).end(rest);
  };
}

/** Sends the first `count` bytes as if more would follow, and ends the connection. */
export function cutAfter(count, bytes, { etag = '"one"', status = 200, start = 0 } = {}) {
  return (request, response) => {
    const length = bytes.length - start;
    response.writeHead(status, { ...(etag && { etag }), 'content-length': length });
    response.write(bytes.subarray(start, start + count), () => setImmediate(() => request.socket.destroy()));
  };
}

/** Gives one answer after the other; the last one is for all requests that follow. */
export function inTurn(...answers) {
  let next = 0;
  return (request, response) => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    answer(request, response);
  };
}

/** Answers with a status and nothing else. */
export function status(code, headers = {}) {
  return (_, response) => response.writeHead(code, headers).end();
}
