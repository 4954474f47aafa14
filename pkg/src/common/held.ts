/**
 * The base of every class of objects that a caller holds. It gives an object its methods as properties that need no
 * `this`. So they work behind a Proxy, which cannot reach private members, and when they are taken off the object.
 */
export abstract class Held {
  constructor() {
    for (let from = Object.getPrototypeOf(this); from !== Held.prototype; from = Object.getPrototypeOf(from)) {
      for (const name of Reflect.ownKeys(from)) {
        if (name === 'constructor' || Object.hasOwn(this, name)) continue;
        const { value, get } = Object.getOwnPropertyDescriptor(from, name) ?? {};
        const part = get ? { get: get.bind(this) } : { value: value.bind(this), writable: true };
        Object.defineProperty(this, name, { ...part, enumerable: true, configurable: true });
      }
    }
  }
}
