import type { FieldValue } from "../../terms/domain-state.ts";

const keys: Readonly<Record<string, string>> = { machine: "hw_machine_type", disk_bus: "hw_disk_bus", cdrom_bus: "hw_cdrom_bus" };

/** The properties that decide the names and buses of devices, with what keys of the instance or the flavor say instead. */
export function deviceProperties(
  properties: Readonly<Record<string, string>>,
  hardware: Readonly<Record<string, FieldValue>>,
): Readonly<Record<string, string>> {
  const own = Object.entries(keys).flatMap(([path, property]): [string, string][] =>
    hardware[path] === undefined ? [] : [[property, String(hardware[path])]],
  );
  return { ...properties, ...Object.fromEntries(own) };
}
