import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import type { Observation } from "../../model/kind.ts";
import type { Unmanaged } from "../../model/plan.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { libvirtOf, type NetworkRecord } from "../../tools/libvirt/libvirt.ts";
import { parseXml } from "../../tools/xml.ts";
import { networkTraits } from "../config/network-traits.ts";
import type { Config } from "../config.ts";
import { networks } from "../terms/network-address.ts";
import type { NetworkFields, NetworkState } from "../terms/network-state.ts";
import { readNetworkLabel } from "./label.ts";
import { linuxBridge, portsOf } from "./ports.ts";
import { readNetwork } from "./read.ts";
import { type FoundUser, usersOf } from "./users.ts";

/** Looks at all networks of libvirt. Those of others are unmanaged, and only those that have a declared name are reported. */
export async function observeNetworks(context: Context, config: Config = {}): Promise<Observation<NetworkState>> {
  const lookForUsers = async () => (await libvirtOf(context).domains(usersOf, () => undefined)).flat();
  const names = new Set(
    Object.entries(config.networks ?? {}).flatMap(([name, network]) => (networkTraits(network).type === "external" ? [] : [name])),
  );
  // Together with the look at the guests, which costs no more; without declared networks most hosts have none of this project.
  const [records, early] = await Promise.all([allRecords(context, config), names.size === 0 ? undefined : lookForUsers()]);
  const read = records
    .map((record) => ({ record, root: parseXml(record.xml) }))
    .map(({ record, root }) => ({ record, root, label: readNetworkLabel(root) }));
  const own = read.flatMap(({ record, root, label }) => (label?.project === context.project ? [{ record, root, label }] : []));
  const users = early ?? (own.length === 0 ? [] : await lookForUsers());
  const states = await Promise.all(
    own.map(async ({ record, root, label }): Promise<[Address, NetworkState]> => {
      const stored: NetworkFields = { ...readNetwork(root), autostart: record.autostart, active: record.active !== null };
      const running = record.active === null ? null : readNetwork(parseXml(record.active));
      const connected = users.filter(({ network }) => network === record.name);
      return [
        networks.at(label.name),
        {
          uuid: record.uuid,
          name: record.name,
          fields: stored,
          running,
          applied: label.applied,
          users: await withPorts(context, record, connected),
        },
      ];
    }),
  );
  const unmanaged = read
    .filter(({ record, label }) => label?.project !== context.project && names.has(record.name))
    .map(
      ({ record, label }): Unmanaged => withoutUndefined({ what: "network", name: record.name, owner: label?.project, uuid: record.uuid }),
    );
  return { states: new Map(states), unmanaged, diagnostics: [], complete: true };
}

/** Where libvirt's daemons are split, that of networks may be missing: without declared networks nothing is asked of it. */
async function allRecords(context: Context, { networks: declared = {} }: Config): Promise<NetworkRecord[]> {
  try {
    return await libvirtOf(context).networkRecords();
  } catch (error) {
    if (!(error instanceof CodedError) || Object.keys(declared).length > 0) throw error;
    return [];
  }
}

async function withPorts(context: Context, { active }: NetworkRecord, users: readonly FoundUser[]): Promise<NetworkState["users"]> {
  const bridge = active === null ? undefined : linuxBridge(active);
  const isUsed = users.some(({ running }) => running);
  const ports = bridge === undefined || !isUsed ? undefined : await portsOf(context.host, bridge);
  return users.map(({ network: _, ...user }) => ({
    ...user,
    plugged: ports === undefined || user.tap === null || !user.running ? null : ports.has(user.tap),
  }));
}
