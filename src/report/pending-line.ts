import { addressHost, addressKind, addressName } from "../model/address.ts";
import type { FieldChange } from "../model/change.ts";
import type { Pending } from "../model/plan.ts";
import { presentationOf } from "../model/presentation.ts";
import { type Line, span } from "./style.ts";
import { formatValue } from "./value.ts";

/** Guests that are named with their fields; further ones are only counted. */
const mostNamed = 20;

/** `1 guest waits for a restart: web (memory 256MiB → 320MiB)`; nothing when none does. */
export function pendingLines(pending: readonly Pending[]): Line[] {
  const count = pending.length;
  if (count === 0) return [];
  const title = count === 1 ? "1 guest waits for a restart: " : `${count} guests wait for a restart: `;
  const more = count > mostNamed ? `, and ${count - mostNamed} more` : "";
  return [[span(title, "change"), span(`${pending.slice(0, mostNamed).map(guestText).join(", ")}${more}`)]];
}

function guestText({ address, fields }: Pending): string {
  const host = addressHost(address);
  return `${host === undefined ? "" : `${host}/`}${addressName(address)} (${fieldTexts(address, fields).join(", ")})`;
}

/** Fields that a device always has: without one of them it stays, and only some of its settings come or go. */
const everyDeviceHas = /\.(?:source|type|device|listen|cpus|policy|driver|memory|present|tickpolicy)$/;

/** A device that comes or goes is one part, whatever it consists of. */
function fieldTexts(address: Pending["address"], fields: readonly FieldChange[]): string[] {
  const sizes = presentationOf(addressKind(address)).sizes ?? new Set<string>();
  const groups = Map.groupBy(fields, ({ path }) => deviceOf(path) ?? path);
  return [...groups].flatMap(([name, members]) => {
    const hand = (one: readonly FieldChange[]) => (one.some(({ cause }) => cause === "drift") ? ", changed by hand" : "");
    const device = members.every(({ path }) => path !== name) && members.some(({ path }) => everyDeviceHas.test(path));
    if (device && members.every(({ old }) => old === undefined)) return [`${name} added${hand(members)}`];
    if (device && members.every(({ new: stored }) => stored === undefined)) return [`${name} removed${hand(members)}`];
    return members.map(
      (field) =>
        `${field.path} ${formatValue(field.path, field.old, sizes)} → ${formatValue(field.path, field.new, sizes)}${hand([field])}`,
    );
  });
}

/** `disks.vda` of `disks.vda.source`; undefined for a field of the guest itself. */
function deviceOf(path: string): string | undefined {
  const end = path.lastIndexOf(".");
  return path.indexOf(".") === end ? undefined : path.slice(0, end);
}
