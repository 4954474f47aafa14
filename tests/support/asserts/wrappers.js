import { reactive, ref, shallowReadonly } from '@vue/reactivity';
import { proxy } from 'valtio/vanilla';

/** Ways in which frameworks and applications hand an object on, by name. */
export const wrappers = {
  'a Proxy': (object) => new Proxy(object, {}),
  'a Proxy that wraps what it returns': deep,
  "Vue's ref": (object) => ref(object).value,
  "Vue's reactive, in an object": (object) => reactive({ held: object }).held,
  "Vue's shallowReadonly": (object) => shallowReadonly(object),
  "Valtio's proxy": (object) => proxy({ held: object }).held,
  'a copy of its properties': (object) => ({ ...object }),
};

/** Returns a Proxy that wraps objects and functions that are read from it, too. */
export function deep(object) {
  return new Proxy(object, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      return ['object', 'function'].includes(typeof value) && value !== null ? deep(value) : value;
    },
  });
}
