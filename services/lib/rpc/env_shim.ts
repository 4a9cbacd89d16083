/**
 * Imported before grpc-js, which reads a dozen debug variables while it loads:
 * in a worker without the env permission the first of them would throw. Here a
 * variable that may not be read is one that is not set. Grants nothing.
 */
import process from "node:process";

const actual = process.env;

function quietly<T>(read: () => T, refused: T): T {
  try {
    return read();
  } catch {
    return refused;
  }
}

// The target is not `actual`: the checks of a proxy on its target would read
// the variable once more, outside the traps.
process.env = new Proxy<typeof actual>({}, {
  get: (_, name) => quietly(() => Reflect.get(actual, name), undefined),
  has: (_, name) => quietly(() => Reflect.has(actual, name), false),
  ownKeys: () => quietly(() => Reflect.ownKeys(actual), []),
  getOwnPropertyDescriptor: (_, name) =>
    quietly(() => Reflect.getOwnPropertyDescriptor(actual, name), undefined),
  set: (_, name, value) => Reflect.set(actual, name, value),
  deleteProperty: (_, name) => Reflect.deleteProperty(actual, name),
});
