// To be imported before a program: no name of a host is found.
import dns from 'node:dns';

dns.lookup = (host, ...rest) => {
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  process.nextTick(rest.at(-1), error);
};
