import { root } from "../crash/world.ts";
import type { Machine } from "../fake-host/machine.ts";
import { child } from "../fake-host/xml.ts";

/** What is the case on the machine besides the configuration that was applied to it. */
export interface Situation {
  /** Nothing has been applied yet. */
  readonly fresh?: true;
  /** What somebody does by hand before the plan is made. */
  readonly before?: (machine: Machine) => unknown;
  /** Environment at the time of the apply, and of the plan. */
  readonly env?: Readonly<Record<string, string>>;
  readonly envThen?: Readonly<Record<string, string>>;
  readonly destroy?: true;
  readonly images?: true;
}

/** Cases in which there is nothing to do. */
export const changeless: ReadonlySet<string> = new Set(["no-changes", "foreign", "disk-shrink", "power-ignored"]);

/** By folder. A case that is not here is: the configuration was applied, and nobody has done anything since. */
export const situations: Readonly<Record<string, Situation>> = {
  create: { fresh: true },
  capacity: { fresh: true },
  "no-checksum": { fresh: true },
  "rescue-mistakes": { fresh: true },
  "name-taken": { fresh: true, before: (machine) => stranger(machine, "web", "ffffffff-0000-4000-8000-000000000009") },
  "uuid-taken": { fresh: true, before: (machine) => stranger(machine, "intruder", "ad4fa5ce-c6c7-58bb-98fe-14a2ad53a80f") },
  "directory-taken": {
    fresh: true,
    before: (machine) => {
      const directory = `${root}/ffffffff-0000-4000-8000-000000000005`;
      machine.put(
        `${directory}/virtform.json`,
        JSON.stringify({
          version: 1,
          project: "depot",
          instance: "crane",
          objects: { disk: { backend: "qcow2", size: 1024, image: "debian", entry: "0" } },
        }),
      );
      machine.put(`${directory}/disk`, "another project's disk");
    },
  },
  "directory-unlabelled": { fresh: true },
  "prevent-destroy-destroy": { destroy: true },
  "drift-memory": { before: (machine) => setMemory(machine, 768) },
  "drift-and-config": { before: (machine) => setMemory(machine, 768) },
  "drift-stopped": { before: (machine) => machine.libvirtd.destroy(web(machine)) },
  "drift-paused": { before: (machine) => machine.libvirtd.suspend(web(machine)) },
  "saved-memory": { before: (machine) => machine.libvirtd.save(web(machine)) },
  "saved-memory-lost": { before: (machine) => machine.libvirtd.save(web(machine)) },
  "drift-config-drive": { before: (machine) => unlink(machine, "disk.config") },
  "drift-disk-deleted": {
    before: (machine) => {
      machine.libvirtd.destroy(web(machine));
      unlink(machine, "disk");
    },
  },
  "drift-base-deleted": {
    before: (machine) => {
      for (const [path] of machine.files.walk()) if (/_base\/[0-9a-f]{40}$/.test(path)) machine.files.unlink(path);
    },
  },
  "drift-undefined": { before: undefine },
  "prevent-destroy-undefined": { before: undefine },
  "drift-undefined-while-running": { before: (machine) => machine.libvirtd.undefine(web(machine), { managedSave: true }) },
  foreign: {
    before: (machine) => {
      stranger(machine, "database", "ffffffff-0000-4000-8000-000000000008");
      machine.put(`${root}/_base/0123456789012345678901234567890123456789`, "no sidecar");
      machine.put(
        `${root}/ffffffff-0000-4000-8000-000000000007/virtform.json`,
        JSON.stringify({ version: 1, project: "depot", instance: "crane", objects: {} }),
      );
    },
  },
  "secret-changed": { env: { WEB_PASSWORD: "first secret" }, envThen: { WEB_PASSWORD: "second secret" } },
  "secret-and-config-changed": { env: { WEB_PASSWORD: "first secret" }, envThen: { WEB_PASSWORD: "second secret" } },
  destroy: { destroy: true },
  "destroy-images": { destroy: true, images: true },
};

function web(machine: Machine) {
  const domain = machine.libvirtd.find("web");
  if (domain === undefined) throw new Error("there is no web");
  return domain;
}

function undefine(machine: Machine): void {
  const domain = web(machine);
  machine.libvirtd.destroy(domain);
  machine.libvirtd.undefine(domain, { managedSave: true });
}

function unlink(machine: Machine, name: string): void {
  machine.files.unlink(`${root}/${web(machine).uuid}/${name}`);
}

function setMemory(machine: Machine, mebibytes: number): void {
  const { stored } = web(machine);
  for (const name of ["memory", "currentMemory"]) {
    const element = child(stored, name);
    if (element !== undefined) element.text = String(mebibytes * 1024);
  }
}

function stranger(machine: Machine, name: string, uuid: string): void {
  machine.libvirtd.define(
    `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
  );
}
