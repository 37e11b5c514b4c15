import type { Json } from "../../model/json.ts";
import type { NetworkFields } from "../terms/network-state.ts";

/** Fields as nested objects, by subnet and by record: a subnet and a name hold dots, which do not nest. Pure. */
export function nestedFields(fields: NetworkFields): Json {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(fields)) {
    const steps = /^(subnets)\.([^/]+\/\d+)\.(dhcp)\.(?:(reservations)\.)?(.*)$/.exec(path) ??
      /^(subnets)\.([^/]+\/\d+)\.(.*)$/.exec(path) ??
      /^(dns)\.(hosts|txt|srv)\.(.*)$/.exec(path) ??
      /^(dns)\.(.*)$/.exec(path) ?? [path, path];
    const names = steps.slice(1).filter((step) => step !== undefined);
    const last = names.pop() ?? path;
    let level = root;
    for (const name of names) {
      level[name] ??= {};
      level = level[name] as Record<string, unknown>;
    }
    level[last] = value;
  }
  return root as Json;
}
