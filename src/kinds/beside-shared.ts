import type { Address } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import { addressOfFact } from "../model/fact.ts";
import { instanceOf } from "../model/presentation.ts";
import { confinedActions } from "./confined-actions.ts";
import { harmlessFields } from "./harmless-fields.ts";
import { guests } from "./terms/guest-address.ts";
import { volumes } from "./terms/volume-address.ts";

/** Types of actions on objects of which everything is known: the users of those that cannot be read are refused before. */
const besideVolumes: ReadonlySet<string> = new Set([
  ...confinedActions,
  "disk.confirm",
  "disk.rebuild_backing",
  "disk.remove",
  "disk.roll_back",
  "domain.adopt",
  "domain.discard",
  "domain.rename",
  "domain.undefine",
  "filter.bind",
  "filter.put",
  "filter.remove",
  "group.put",
  "group.remove",
  "network.remove",
  "network.rename",
  "network.update",
  "published.publish",
  "secret.put",
  "secret.remove",
  "seed.remove",
  "volume.grow",
  "volume.label",
  "volume.remove",
  "volume.restrict",
]);

/** Nothing of the image cache is used by networks, security groups and images in Glance. */
const besideOthers: ReadonlySet<string> = new Set([...besideVolumes, "image.remove", "leftover.remove"]);

/** Types of actions that leave a volume, a network and filters of a guest as they are, and do not start it with them. */
const leavesUsed: ReadonlySet<string> = new Set([
  "disk.grow",
  "disk.label",
  "disk.restrict",
  "domain.adjust",
  "domain.define",
  "domain.exchange",
  "domain.files",
  "domain.stop",
  "seed.build",
  "seed.restrict",
]);

/** Types of actions that are allowed beside an unreadable object of this address, for what does not use it. All others are refused. */
export function allowedBeside(address: Address): ReadonlySet<string> {
  return volumes.owns(address) ? besideVolumes : besideOthers;
}

/**
 * Why a change touches an object that cannot be read and is no part of an instance; undefined when it does not. `users`: names of instances, and
 * addresses. Pure.
 */
export function touchesUnread(unread: Address, users: ReadonlySet<string>, change: Change): string | undefined {
  const isUser = (address: Address) => users.has(address) || users.has(instanceOf(address) ?? address);
  const isUsers = isUser(change.address);
  const step = change.actions.find(({ type, address, needs }) => {
    if (isUsers || isUser(address)) return !leavesUsed.has(type) || (isUsers && change.verb !== "update");
    return [change.address, address, ...needs.map(addressOfFact)].includes(unread);
  });
  const user = `${instanceOf(change.address) ?? change.address} uses ${unread}`;
  if (step !== undefined) return `${user}, and its step "${step.summary}" could concern that`;
  const field = isUsers && guests.owns(change.address) ? change.fields.find(({ path }) => !harmlessFields.test(path)) : undefined;
  return field === undefined ? undefined : `${user}, and its new value of ${field.path} could concern that`;
}
