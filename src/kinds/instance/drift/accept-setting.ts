import type { FieldChange } from "../../../model/change.ts";
import { formatQuantity } from "../../../model/quantity.ts";
import { hardwareKeys, hostKeys } from "../../config/hardware/schema.ts";
import type { DriftedGuest } from "./drifted-guest.ts";

/** Fields whose keys have another path among the keys of an instance. */
const keyOfField: Readonly<Record<string, string>> = {
  video: "video.model",
  cpu: "cpu.mode",
  cpu_model: "cpu.model",
  max_memory: "max_ram",
};

/** Writes a field that is a key of the instance. */
export function acceptSetting({ entry, instance, add, refuse }: DriftedGuest, { path, old }: FieldChange): void {
  if (path === "power_state") {
    if (old === "running" || old === "stopped" || old === "saved")
      return void add(["instances", entry, "power_state"], old === "running" ? old : "stopped");
    return void refuse(path, `is ${String(old)}, which is no state to keep: resume or stop the guest`);
  }
  if (path.startsWith("foreign.")) return void add(["instances", entry, "foreign"], "keep");
  if (path === "autostart") return void add(["instances", entry, "autostart"], old === true);
  const key = keyOfField[path] ?? path;
  const value = key === "max_ram" && typeof old === "number" ? formatQuantity(old) : old;
  if (!isKey(key) || (value === undefined && !Object.hasOwn(instance, key)))
    return void refuse(path, value === undefined ? "is gone, and no key says that" : "has no key");
  add(["instances", entry, ...key.split(".")], value);
}

function isKey(path: string): boolean {
  let part: unknown = { properties: { ...hardwareKeys, ...hostKeys } };
  for (const step of path.split("."))
    part = (part as { readonly properties?: Readonly<Record<string, unknown>> } | undefined)?.properties?.[step];
  return part !== undefined;
}
