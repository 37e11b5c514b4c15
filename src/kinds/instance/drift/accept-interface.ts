import type { FieldChange } from "../../../model/change.ts";
import { libvirtNetwork } from "../../config/network-of.ts";
import type { Config } from "../../config.ts";
import { interfacesOf } from "../../guest/interfaces.ts";
import type { DomainFields } from "../../terms/domain-state.ts";
import type { DriftedGuest } from "./drifted-guest.ts";

/** Interfaces that a guest has more or less than its entry. */
export interface OtherInterfaces {
  /** Positions of those that are gone: they are removed at the end, since the positions of others follow from them. */
  readonly gone: number[];
  /** Number of those that were added. */
  added: number;
}

/** Writes an interface as the guest has it. `members`: its fields that drifted. */
export function acceptInterface(guest: DriftedGuest, mac: string, members: readonly FieldChange[], others: OtherInterfaces): void {
  const { config, entry, instance, name, stored, add, refuse } = guest;
  const networks = interfacesOf(instance, config.images?.[instance.image ?? ""] ?? {}, config, name);
  const index = networks.findIndex((one) => one.mac === mac);
  const path = `interfaces.${mac}`;
  const type = stored[`${path}.type`];
  if (type === undefined && index >= 0) {
    others.gone.push(index);
    return;
  }
  const connected = connectionOf(path, stored, config);
  if (connected === undefined) return void refuse(path, `is of type ${String(type)}`);
  if (members.some((field) => !/\.(type|source|model)$/.test(field.path)) && index >= 0)
    return void refuse(path, "differs in more than its network and its model");
  const model = stored[`${path}.model`];
  const written = instance.networks?.[index];
  if (written === undefined) {
    const position = (instance.networks ?? []).length + others.added;
    others.added += 1;
    return void add(["instances", entry, "networks", position], {
      ...connected,
      mac,
      ...(model === undefined || model === "virtio" ? {} : { model }),
    });
  }
  // Key by key, so that the others of the entry stay, such as addresses.
  const at = ["instances", entry, "networks", index];
  const isModel = (field: FieldChange) => field.path.endsWith(".model");
  if (members.some(isModel)) add([...at, "model"], model ?? "virtio");
  if (members.every(isModel)) return;
  for (const [key, value] of Object.entries(connected)) add([...at, key], value);
  for (const key of ["network", "bridge", "user"] as const)
    if (written[key] !== undefined && !Object.hasOwn(connected, key)) add([...at, key], undefined);
}

/** What an interface is connected to, as its entry says it; undefined for types that no entry can have. */
function connectionOf(path: string, stored: DomainFields, config: Config): Readonly<Record<string, string | true>> | undefined {
  const source = String(stored[`${path}.source`] ?? "");
  switch (stored[`${path}.type`]) {
    case "user":
      return { user: true };
    case "network":
      return { network: entryOfNetwork(source, config) };
    case "bridge":
      return { bridge: source };
    default:
      return undefined;
  }
}

/** The entry of a network with this name in libvirt, or the name itself for a network of the host. */
function entryOfNetwork(source: string, config: Config): string {
  return Object.keys(config.networks ?? {}).find((name) => libvirtNetwork(config, name) === source) ?? source;
}
