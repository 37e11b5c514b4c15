import { ownsSource } from "../drivers/index.ts";
import type { Action } from "../model/action.ts";
import type { Change } from "../model/change.ts";
import type { Observed } from "../model/kind.ts";
import { confinedActions } from "./confined-actions.ts";
import { harmlessFields } from "./harmless-fields.ts";
import { guests } from "./terms/guest-address.ts";
import { guestSources } from "./terms/guest-sources.ts";
import { seeds } from "./terms/seed-address.ts";
import { volumes } from "./terms/volume-address.ts";

/**
 * Why a change could harm a guest of this project whose label, disk or definition cannot be read, as what it uses is not known; undefined when it cannot.
 * While the definition of a guest is not known at all, its name, MAC addresses, ports, devices, volumes and the layers of its disks are not either. Pure.
 */
export function harmsUnreadInstance(change: Change, observed: Observed): string | undefined {
  const step = change.actions.find((action) => !isConfined(action));
  if (step !== undefined) return `its step "${step.summary}" changes or removes what others can use`;
  const isDefinitionUnread = observed.unread.some((address) => guests.owns(address) && observed.get(address) === undefined);
  return !isDefinitionUnread || onlyStops(change) ? undefined : collision(change, observed);
}

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
