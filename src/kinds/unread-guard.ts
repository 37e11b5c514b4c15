import { ownsSource } from "../drivers/index.ts";
import type { Action } from "../model/action.ts";
import type { Change } from "../model/change.ts";
import type { Guard, Observed } from "../model/kind.ts";
import { guests } from "./terms/guest-address.ts";
import { guestSources } from "./terms/guest-sources.ts";
import { seeds } from "./terms/seed-address.ts";
import { volumes } from "./terms/volume-address.ts";

/**
 * Types of actions that create objects, or change a guest, its disks and its config drive and nothing that another guest can use. All others are
 * refused, also those of registered kinds.
 */
export const confinedActions: ReadonlySet<string> = new Set([
  "disk.create",
  "disk.grow",
  "disk.label",
  "disk.restrict",
  "domain.adjust",
  "domain.define",
  "domain.exchange",
  "domain.files",
  "domain.plug",
  "domain.release",
  "domain.restore",
  "domain.resume",
  "domain.start",
  "domain.stop",
  "domain.wait",
  "image.digest",
  "image.fetch",
  "network.create",
  "seed.build",
  "seed.restrict",
  "volume.create",
]);

/** Fields of a guest that cannot collide with another guest, whatever its definition says. */
const harmlessFields = /^(?:autostart|memory|power_state|prevent_destroy|shutdown_\w+|vcpus)$/;

/**
 * Changes that could harm a guest of this project whose label, disk or definition cannot be read, each with the reason. While the definition of a guest
 * is not known at all, its name, MAC addresses, ports, devices, volumes and the layers of its disks are not either. Pure.
 */
export const guardUnread: Guard = (changes, observed) => {
  const isDefinitionUnread = observed.unread.some((address) => guests.owns(address) && observed.get(address) === undefined);
  return changes.flatMap((change) => {
    const step = change.actions.find((action) => !isConfined(action));
    if (step !== undefined) return [{ address: change.address, why: `its step "${step.summary}" changes or removes what others can use` }];
    if (!isDefinitionUnread || onlyStops(change)) return [];
    const why = collision(change, observed);
    return why === undefined ? [] : [{ address: change.address, why }];
  });
};

/** A volume that is created again is removed before. */
function isConfined({ type, args }: Action): boolean {
  return confinedActions.has(type) && !(type === "volume.create" && (args as { readonly remake?: unknown }).remake === true);
}

function onlyStops({ actions }: Change): boolean {
  return actions.every(({ type }) => type === "domain.stop");
}

/** Why a change could collide with a guest whose definition is not known; undefined when it cannot. */
function collision({ address, verb, fields }: Change, observed: Observed): string | undefined {
  const unknown = "the definition of a guest is not known";
  if (verb === "update" && seeds.owns(address)) return undefined;
  if (!guests.owns(address) || verb !== "update") {
    return `${unknown}, which could have the same name, address, port or file, or a disk that is based on this one`;
  }
  const guest = observed.get(address);
  const attached = guest === undefined ? [] : [...guestSources(guest)];
  const hasVolume = observed.of(volumes).some(([, volume]) => attached.some((source) => ownsSource(source, volume)));
  if (hasVolume) return `${unknown}, which could have a volume of this guest as well`;
  const field = fields.find(({ path }) => !harmlessFields.test(path));
  return field === undefined ? undefined : `${unknown}, which could collide with the new value of ${field.path}`;
}
