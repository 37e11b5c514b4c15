import { type ActionType, defineAction } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { libvirtOf, type NetworkRecord } from "../../tools/libvirt/libvirt.ts";
import { parseXml } from "../../tools/xml.ts";
import { networkExists, networkGone } from "../terms/network-address.ts";
import type { PutArgs, RemoveArgs, RenameArgs } from "./diff.ts";
import { readNetworkLabel } from "./label.ts";
import { liveUpdates } from "./live.ts";
import { reconnect } from "./ports.ts";
import { type FoundUser, usersOf } from "./users.ts";
import { networkXml } from "./write.ts";

/** What can be done to networks. */
export const networkActions: readonly ActionType[] = [
  defineAction<PutArgs>("network.create", [networkExists], async (context, args) => {
    const { spec } = args;
    const libvirt = libvirtOf(context);
    const had = await ownNetwork(context, spec.uuid, spec.name);
    // A network without recorded fields counts as unfinished until the last step.
    if (had === undefined) await libvirt.defineNetwork(networkXml(spec, null));
    await put(context, args);
  }),
  defineAction<PutArgs>("network.update", [networkExists], put),
  defineAction<RenameArgs>("network.rename", [networkExists], async (context, { spec, from, users }) => {
    const libvirt = libvirtOf(context);
    const old = await ownNetwork(context, from.uuid, from.name);
    const isNew = ({ uuid }: FoundUser) => !users.includes(uuid);
    await refuseUsers(context, from.name, isNew, "It was connected after the plan was made. Plan again.");
    // Both have the same addresses, so the new one cannot exist beside the old one. A kill in between leaves guests without a network, which the next plan makes.
    if (old !== undefined) {
      await libvirt.stopNetwork(from.uuid);
      await libvirt.undefineNetwork(from.uuid);
    }
    const had = await ownNetwork(context, spec.uuid, spec.name);
    if (had === undefined) await libvirt.defineNetwork(networkXml(spec, null, old?.xml));
    await put(context, { spec, restart: false });
  }),
  defineAction<RemoveArgs>("network.remove", [networkGone], async (context, { uuid, name }) => {
    const libvirt = libvirtOf(context);
    const had = await ownNetwork(context, uuid, name);
    if (had === undefined) return;
    const detail = "A new definition of a running guest takes effect at its next start. Restart it or shut it down, then apply again.";
    await refuseUsers(context, had.name, ({ running }) => running, detail);
    await libvirt.stopNetwork(uuid);
    await libvirt.undefineNetwork(uuid);
  }),
];

/** Throws a RefusedError when domains of this sort are connected to a network, running or as defined. */
async function refuseUsers(context: Context, network: string, isUser: (user: FoundUser) => boolean, detail: string): Promise<void> {
  const users = (await libvirtOf(context).domains(usersOf, () => undefined)).flat();
  const found = users.find((user) => user.network === network && isUser(user));
  if (found !== undefined) throw new RefusedError("network-in-use", `Network ${network} is in use by ${found.domain}`, detail);
}

/**
 * Brings a network to its spec: first the definition, which says what is wanted, then what runs. An interruption anywhere leaves a network that
 * differs from its definition or is not active, which the next plan finds.
 */
async function put(context: Context, { spec, restart }: PutArgs): Promise<void> {
  const libvirt = libvirtOf(context);
  const had = await ownNetwork(context, spec.uuid, spec.name);
  const created = had === undefined || readNetworkLabel(parseXml(had.xml))?.applied === null;
  const document = (applied: typeof spec.fields | null) => networkXml(spec, applied, had?.xml);
  await libvirt.defineNetwork(document(created ? null : spec.fields));
  const autostart = spec.fields["autostart"] === true;
  if (had?.autostart !== autostart) await libvirt.setNetworkAutostart(spec.uuid, autostart);
  if (restart) await libvirt.stopNetwork(spec.uuid);
  await libvirt.startNetwork(spec.uuid);
  const active = (await libvirt.network(spec.uuid))?.active ?? null;
  if (active !== null) for (const update of liveUpdates(parseXml(active), spec.fields)) await libvirt.updateNetwork(spec.uuid, update);
  await reconnect(context, spec);
  if (created) await libvirt.defineNetwork(document(spec.fields));
}

/** The network as it is now; undefined when it does not exist. Throws a RefusedError when this project does not own it. */
async function ownNetwork(context: Context, uuid: string, name: string): Promise<NetworkRecord | undefined> {
  const found = await libvirtOf(context).network(uuid);
  if (found === undefined) return undefined;
  const label = readNetworkLabel(parseXml(found.xml));
  if (label?.project === context.project) return found;
  const owner = label === undefined ? "it has no virtform label" : `project ${label.project} owns it`;
  throw new RefusedError(
    "network-not-ours",
    `Network ${found.name} is not owned by project ${context.project}; ${owner}`,
    `${name} was not changed. Plan again.`,
  );
}
