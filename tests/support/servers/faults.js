// Answers for `hub.faults`, for servers that do not send the whole file at once.

/** Sends `bytes`, or the requested part, as the version `etag`. For a part of another version it sends all bytes. */
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

/**
 * Sends the first `count` bytes as if more would follow, and ends the connection once `taken(position)` settles.
 * `position` is the end of these bytes in the file. The client may lose what it has not read by then. With `told`, the
 * answer announces its size.
 */
export function cutAfter(count, bytes, options = {}) {
  const { etag = '"one"', status = 200, start = 0, told = true, taken = () => {} } = options;
  return (request, response) => {
    response.writeHead(status, { ...(etag && { etag }), ...(told && { 'content-length': bytes.length - start }) });
    response.write(bytes.subarray(start, start + count), async () => {
      await taken(start + count);
      setImmediate(() => request.socket.destroy());
    });
  };
}

/** Answers with one function after the other. The last one answers all further requests. */
export function inTurn(...answers) {
  let next = 0;
  return (request, response) => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    answer(request, response);
  };
}

/** Answers with a status and no body. */
export function status(code, headers = {}) {
  return (_, response) => response.writeHead(code, headers).end();
}

/** Tells the bytes of each piece that a response sends from now on. */
export function countBytes(response, tell) {
  const { write, end } = response;
  const counted =
    (send) =>
    (chunk, ...rest) => {
      if (chunk instanceof Uint8Array) tell(chunk.length);
      return send.call(response, chunk, ...rest);
    };
  Object.assign(response, { write: counted(write), end: counted(end) });
}
