import { containerFields } from "./container/fields.ts";
import type { DeviceFields, GuestField } from "./field.ts";
import { cpuFeatures, cpuFields, pinnings } from "./fields/cpu.ts";
import { deviceFields } from "./fields/devices.ts";
import { disks } from "./fields/disks.ts";
import { graphics } from "./fields/display.ts";
import { featureFields, timers } from "./fields/features.ts";
import { firmwareFields } from "./fields/firmware.ts";
import { hostdevs } from "./fields/hostdevs.ts";
import { identityFields } from "./fields/identity.ts";
import { interfaces } from "./fields/interfaces.ts";
import { autostartFields, managementFields, persistenceFields } from "./fields/management.ts";
import { memoryFields } from "./fields/memory.ts";
import { numa } from "./fields/numa.ts";
import { portFields } from "./fields/ports.ts";

/** The fields of any sort of device. */
// biome-ignore lint/suspicious/noExplicitAny: each row gets only items that it made itself
export type AnyDeviceFields = DeviceFields<any>;

/** One row of the table. */
export type FieldRow = GuestField | AnyDeviceFields;

/** Every field of a virtual machine, in the order in which plans list them. A new one is one more row. */
const machineTable: readonly FieldRow[] = [
  ...identityFields,
  ...memoryFields,
  ...cpuFields,
  cpuFeatures,
  pinnings,
  numa,
  ...firmwareFields,
  ...featureFields,
  ...managementFields,
  timers,
  disks,
  interfaces,
  graphics,
  hostdevs,
  ...deviceFields,
  ...autostartFields,
  ...portFields,
  ...persistenceFields,
];

/** Every field of a container. Those that virtual machines have as well are the same rows. */
const containerTable: readonly FieldRow[] = [
  ...identityFields.filter(({ path }) => path !== "machine"),
  ...memoryFields.filter(({ path }) => path === "memory" || path === "max_memory"),
  ...cpuFields.filter(({ path }) => path === "vcpus" || path.startsWith("quota.")),
  ...containerFields,
  ...managementFields,
  interfaces,
  ...autostartFields,
  ...persistenceFields,
];

interface Tables {
  readonly all: readonly FieldRow[];
  readonly machines: readonly FieldRow[];
  readonly containers: readonly FieldRow[];
}

function tablesWith(registered: readonly GuestField[]): Tables {
  const machines = [...machineTable, ...registered];
  const containers = [...containerTable, ...registered];
  return { machines, containers, all: [...new Set([...machines, ...containers])] };
}

let registered: readonly GuestField[] = [];
let tables = tablesWith(registered);

/** The tables of all types of guests together, with the fields that were registered at run time: the same array until another is registered. */
export function fieldRows(): readonly FieldRow[] {
  return tables.all;
}

/** The table of the guests of one type, as `virt_type` and the type of a domain name it. */
export function rowsOf(virtType: string | undefined): readonly FieldRow[] {
  return virtType === "lxc" ? tables.containers : tables.machines;
}

/** Adds a field, for as long as the result is not disposed of. Throws a TypeError when the path or the key is in use. */
export function registerGuestField(field: GuestField): Disposable {
  const taken = tables.all.some(
    (row) =>
      !isDevices(row) && (row.path === field.path || (field.configured !== undefined && row.configured?.key === field.configured.key)),
  );
  if (taken) throw new TypeError(`a field of guests with the path or key of ${field.path} exists already`);
  registered = [...registered, field];
  tables = tablesWith(registered);
  const undo = new DisposableStack();
  undo.defer(() => {
    registered = registered.filter((row) => row !== field);
    tables = tablesWith(registered);
  });
  return undo;
}

/** Whether a row is about devices, of which a guest has several. */
export function isDevices(row: FieldRow): row is AnyDeviceFields {
  return "section" in row;
}
