import type { Host } from "./host.ts";

const bags = new WeakMap<Host, Map<symbol, unknown>>();

/**
 * State that belongs to one host for as long as it is open: connections, what was looked up once. The only place where state is kept
 * beside the arguments of a call. `make` is called once for each host.
 */
export function perHost<T>(make: (host: Host) => T): (host: Host) => T {
  const key = Symbol("state of a host");
  return (host) => {
    const bag = bags.get(host) ?? new Map<symbol, unknown>();
    bags.set(host, bag);
    if (!bag.has(key)) bag.set(key, make(host));
    return bag.get(key) as T;
  };
}
