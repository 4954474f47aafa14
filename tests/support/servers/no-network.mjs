// Import this before a program: the program then finds no host by name.
import dns from 'node:dns';

dns.lookup = (host, ...rest) => {
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  process.nextTick(rest.at(-1), error);
};
