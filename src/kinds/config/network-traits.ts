import type { NetworkConfig } from "../config.ts";

/** How guests of a network reach others. `external`: as another administrator made it. */
export type NetworkType = NonNullable<NetworkConfig["type"]> | "external";

/** What follows from the type of a network alone. */
export interface NetworkTraits {
  readonly type: NetworkType;
  /** The host has addresses in it, and may answer DHCP and DNS there. */
  readonly hosted: boolean;
  /** The host routes between it and the outside. */
  readonly routes: boolean;
  /** libvirt makes its bridge, and removes it with the network. */
  readonly ownBridge: boolean;
}

/** The traits of a network. Pure. */
export function networkTraits({ external, type = "nat", create = false }: NetworkConfig): NetworkTraits {
  if (external === true) return { type: "external", hosted: false, routes: false, ownBridge: false };
  const routes = type === "nat" || type === "routed" || type === "open";
  const hosted = routes || type === "isolated";
  return { type, hosted, routes, ownBridge: hosted || (type === "bridge" && create) };
}
