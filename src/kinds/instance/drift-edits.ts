import { addressKind, addressName } from "../../model/address.ts";
import type { Change, FieldChange } from "../../model/change.ts";
import type { Observed } from "../../model/observed.ts";
import { instanceNames } from "../config/instance-names.ts";
import type { Config, InstanceConfig } from "../config.ts";
import type { DriftEdit, FoundDrift, Inexpressible } from "../terms/drift-edit.ts";
import { guests } from "../terms/guest-address.ts";
import { acceptDisk } from "./drift/accept-disk.ts";
import { acceptInterface, type OtherInterfaces } from "./drift/accept-interface.ts";
import { acceptSetting } from "./drift/accept-setting.ts";
import { acceptSizes, type DriftedSizes } from "./drift/accept-sizes.ts";
import type { DriftedGuest } from "./drift/drifted-guest.ts";

/** What has to be written so that the drift that a plan found is the wanted state, and what cannot be written. Pure. */
export function driftEdits(changes: readonly Change[], config: Config, observed: Observed): FoundDrift {
  const edits: DriftEdit[] = [];
  const left: Inexpressible[] = [];
  for (const { address, verb, cause, fields, reason } of changes) {
    if (cause === "config") continue;
    const drifted = fields.filter((field) => field.cause === "drift" || field.cause === "both");
    const refuse = (path: string, why: string): void => void left.push({ address, path, why });
    const found = addressKind(address) === guests.name ? entryOf(config, addressName(address)) : undefined;
    if (verb !== "update" || found === undefined || drifted.length === 0) {
      refuse(addressKind(address), `${reason}: no key of the configuration says that`);
      continue;
    }
    if (found.copies > 1) {
      for (const { path } of drifted) refuse(path, `${found.entry} stands for ${found.copies} alike guests, and only one differs`);
      continue;
    }
    const stored = observed.get(guests.at(addressName(address)))?.fields ?? {};
    const add: DriftedGuest["add"] = (pointer, value) => void edits.push({ address, pointer, value });
    acceptDrift({ ...found, config, stored, add, refuse }, drifted);
  }
  return { edits: withoutTwice(edits), left };
}

function acceptDrift(guest: DriftedGuest, drifted: readonly FieldChange[]): void {
  const { entry, stored, add, refuse } = guest;
  const groups = Map.groupBy(drifted, ({ path }) => /^(?:interfaces|disks)\.[^.]+/.exec(path)?.[0] ?? path);
  const sizes: DriftedSizes = {};
  const interfaces: OtherInterfaces = { gone: [], added: 0 };
  for (const [group, members] of groups) {
    const [field] = members as [FieldChange];
    // What only the running guest has is not stored: the next start would bring the configured value back.
    if (field.effect === "live" && group !== "power_state" && (stored[field.path] ?? null) === (field.new ?? null))
      refuse(group, "was changed on the running guest only; make it last first (`virsh … --config`)");
    else if (group === "memory" || group === "vcpus") sizes[group === "memory" ? "ram" : "vcpus"] = Number(field.old);
    else if (group.startsWith("interfaces.")) acceptInterface(guest, group.slice("interfaces.".length), members, interfaces);
    else if (group.startsWith("disks.")) acceptDisk(guest, group.slice("disks.".length), members);
    else acceptSetting(guest, field);
  }
  for (const index of interfaces.gone.sort((one, other) => other - one)) add(["instances", entry, "networks", index], undefined);
  if (Object.keys(sizes).length > 0) acceptSizes(guest, sizes);
}

interface Entry {
  readonly entry: string;
  readonly name: string;
  readonly instance: InstanceConfig;
  readonly copies: number;
}

function entryOf(config: Config, name: string): Entry | undefined {
  for (const [entry, instance] of Object.entries(config.instances ?? {})) {
    const names = instanceNames(entry, instance.count);
    if (names.includes(name)) return { entry, name, instance, copies: names.length };
  }
  return undefined;
}

function withoutTwice(edits: readonly DriftEdit[]): DriftEdit[] {
  const seen = new Map(edits.map((edit) => [JSON.stringify(edit.pointer), edit]));
  return [...seen.values()];
}
