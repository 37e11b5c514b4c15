import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { CodedError } from "../../model/errors.ts";
import type { Observation } from "../../model/kind.ts";
import type { Unmanaged } from "../../model/plan.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { Sought } from "../../model/sought.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { libvirtOf, type NetworkRecord } from "../../tools/libvirt/libvirt.ts";
import { parseXml } from "../../tools/xml.ts";
import { derivedUuid } from "../terms/identity.ts";
import { networks } from "../terms/network-address.ts";
import type { NetworkState } from "../terms/network-state.ts";
import { earlierNetworks } from "./earlier-networks.ts";
import { type NetworkLabel, readNetworkLabel } from "./label.ts";
import { linuxBridge, portsOf } from "./ports.ts";
import { readNetwork } from "./read.ts";
import { type FoundUser, usersOf } from "./users.ts";

/**
 * Looks at the networks of this project, which their uuids tell from others, and at those of others that have a declared name: they are unmanaged.
 * The definitions of all others are not read.
 */
export async function observeNetworks(context: Context, sought: Pick<Sought, "networks"> = {}): Promise<Observation<NetworkState>> {
  const names = new Set(Object.entries(sought.networks ?? {}).flatMap(([name, { external }]) => (external === true ? [] : [name])));
  const isOwn = ({ name, uuid }: Pick<NetworkRecord, "name" | "uuid">) => uuid === derivedUuid("network", context.project, name);
  // Together with the look at the guests, which costs no more; without declared networks most hosts have none of this project.
  const [records, early] = await Promise.all([
    recordsOf(context, sought, (one) => isOwn(one) || names.has(one.name)),
    names.size === 0 ? undefined : lookForUsers(context),
  ]);
  const users = early ?? (records.some(isOwn) ? await lookForUsers(context) : []);
  const earlier = earlierNetworks(sought);
  const taken = new Set(records.map(({ name }) => name));
  // A network that is to have another name, which no network of the host has, is known by that one.
  const knownAs = (name: string) => {
    const now = earlier.get(name);
    return now === undefined || taken.has(now) ? name : now;
  };
  const states = new Map<Address, NetworkState>();
  const unmanaged: Unmanaged[] = [];
  const diagnostics: Diagnostic[] = [];
  const unread: Address[] = [];
  await Promise.all(
    records.map(async (record) => {
      const { name, uuid } = record;
      const label = labelOf(record);
      if (label !== undefined && label !== "unreadable" && label.project === context.project && isOwn(record)) {
        const connected = users.filter(({ network }) => network === name);
        states.set(networks.at(knownAs(label.name)), await stateOf(context, record, label.applied, connected));
      } else if (label === "unreadable" && isOwn(record)) {
        diagnostics.push(unreadable(name, "error"));
        unread.push(networks.at(name));
      } else if (names.has(name)) {
        if (label === "unreadable") diagnostics.push(unreadable(name, "warning"));
        // A label with another uuid was copied.
        const owner = label === "unreadable" || label?.project === context.project ? undefined : label?.project;
        unmanaged.push(withoutUndefined({ what: "network", name, owner, uuid }));
      }
    }),
  );
  return { states, unmanaged, diagnostics, complete: unread.length === 0, unread };
}

/** The interfaces of all guests. A definition that cannot be read has none; the look at the guests reports it. */
async function lookForUsers(context: Context): Promise<FoundUser[]> {
  const read = (domain: Parameters<typeof usersOf>[0]) => {
    try {
      return usersOf(domain);
    } catch (error) {
      if (error instanceof CodedError) return [];
      throw error;
    }
  };
  return (await libvirtOf(context).domains(read, () => undefined)).flat();
}

/** The label of a network; undefined without one. */
function labelOf({ xml, active }: NetworkRecord): NetworkLabel | "unreadable" | undefined {
  try {
    if (active !== null) parseXml(active);
    return readNetworkLabel(parseXml(xml));
  } catch (error) {
    if (error instanceof CodedError) return "unreadable";
    throw error;
  }
}

function unreadable(name: string, severity: "error" | "warning"): Diagnostic {
  const summary = `The definition of network ${name} cannot be read`;
  const detail = `It is not well-formed XML, libvirt does not give it, or the label of virtform in it lacks a part: virsh net-dumpxml ${shellWord(name)}. Correct it: virsh net-edit ${shellWord(name)}.`;
  return problem("network-unreadable", { summary, detail, address: networks.at(name) }, severity);
}

async function stateOf(
  context: Context,
  record: NetworkRecord,
  applied: NetworkLabel["applied"],
  users: readonly FoundUser[],
): Promise<NetworkState> {
  const { uuid, name, xml, active, autostart } = record;
  return {
    uuid,
    name,
    fields: {
      ...readNetwork(parseXml(xml)),
      // libvirt has no element for it: it is what was last applied.
      ...(applied?.["prevent_destroy"] === true ? { prevent_destroy: true } : {}),
      autostart,
      active: active !== null,
    },
    running: active === null ? null : readNetwork(parseXml(active)),
    applied,
    users: await withPorts(context, record, users),
  };
}

/** Where libvirt's daemons are split, that of networks may be missing: without declared networks nothing is asked of it. */
async function recordsOf(
  context: Context,
  { networks: declared = {} }: Pick<Sought, "networks">,
  chosen: (network: Pick<NetworkRecord, "name" | "uuid">) => boolean,
): Promise<NetworkRecord[]> {
  try {
    return await libvirtOf(context).networkRecords(chosen);
  } catch (error) {
    if (!(error instanceof CodedError) || Object.keys(declared).length > 0) throw error;
    return [];
  }
}

async function withPorts(context: Context, { active }: NetworkRecord, users: readonly FoundUser[]): Promise<NetworkState["users"]> {
  const bridge = active === null ? undefined : linuxBridge(active);
  const isUsed = users.some(({ running }) => running);
  const ports = bridge === undefined || !isUsed ? undefined : await portsOf(context.host, bridge);
  return users.map(({ network: _, bridge: __, ...user }) => ({
    ...user,
    plugged: ports === undefined || user.tap === null || !user.running ? null : ports.has(user.tap),
  }));
}
