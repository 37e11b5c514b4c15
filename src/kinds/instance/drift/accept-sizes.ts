import type { Json } from "../../../model/json.ts";
import { formatQuantity } from "../../../model/quantity.ts";
import type { FlavorConfig } from "../../config.ts";
import type { DriftedGuest } from "./drifted-guest.ts";

/** Number of virtual CPUs, and bytes of memory. */
export type DriftedSizes = Partial<Record<"vcpus" | "ram", number>>;

/** Writes other sizes into the flavor of the guest, or into one of its own where other instances have the flavor too. */
export function acceptSizes({ config, entry, instance, add, refuse }: DriftedGuest, sizes: DriftedSizes): void {
  const { ram } = sizes;
  if (ram !== undefined && ram % 2 ** 20 !== 0) return void refuse("memory", "is no whole number of MiB");
  const values = Object.entries(sizes).map(([key, value]) => [key, key === "ram" ? formatQuantity(value) : value] as const);
  const users = Object.values(config.instances ?? {}).filter((other) => other.flavor === instance.flavor);
  if (users.length === 1) {
    for (const [key, value] of values) add(["flavors", instance.flavor, key], value);
    return;
  }
  const flavor = config.flavors?.[instance.flavor];
  const plain = ["vcpus", "ram", "disk", "ephemeral", "swap"];
  if (flavor === undefined || Object.keys(flavor).some((key) => !plain.includes(key)))
    return void refuse(Object.keys(sizes).join(", "), `comes from flavor ${instance.flavor}, which other instances have too`);
  const name = `${instance.flavor}-${entry}`;
  add(["flavors", name], { ...writtenFlavor(flavor), ...Object.fromEntries(values) });
  add(["instances", entry, "flavor"], name);
}

function writtenFlavor(flavor: FlavorConfig): Readonly<Record<string, Json>> {
  const sizes = ["ram", "disk", "ephemeral", "swap"];
  return Object.fromEntries(
    Object.entries(flavor).map(([key, value]) => [
      key,
      sizes.includes(key) && typeof value === "number" ? (value === 0 ? "0MiB" : formatQuantity(value)) : (value as Json),
    ]),
  );
}
