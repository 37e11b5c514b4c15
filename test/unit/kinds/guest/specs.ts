import { deviceMap } from "../../../../src/kinds/guest/device-map.ts";
import type { DomainSpec } from "../../../../src/kinds/terms/spec.ts";

const uuid = "3f0c6b1e-6f6a-5d0e-9a39-0d4f3f1b2c01";
const directory = `/var/lib/virtform/instances/${uuid}`;

/** A plain guest, for tests to change. */
export function plainSpec(fields: Partial<DomainSpec> = {}): DomainSpec {
  return {
    instance: "web-0",
    origin: fields.instance ?? "web-0",
    domainName: fields.instance ?? "web-0",
    uuid,
    project: "shop",
    powerState: "running",
    preventDestroy: false,
    adopted: false,
    restart: "never",
    shutdown: { seconds: 60, force: true },
    rebuild: "on_name_change",
    virtType: "qemu",
    arch: "x86_64",
    machine: "q35",
    vcpus: 2,
    memory: 2 * 2 ** 30,
    osType: "linux",
    cache: "writeback",
    discard: "unmap",
    disks: deviceMap({
      arch: "x86_64",
      machine: "q35",
      properties: {},
      root: { attachment: { type: "file", format: "qcow2", source: `${directory}/disk`, secretUuid: null }, iso: false },
      configDrive: { attachment: { type: "file", format: "raw", source: `${directory}/disk.config`, secretUuid: null }, format: "iso9660" },
    }),
    interfaces: [{ name: "0", type: "network", source: "default", mac: "52:54:00:12:34:56", model: "virtio", link: "up", filter: null }],
    kernel: null,
    rescue: null,
    consoleLog: `${directory}/console.log`,
    flavor: { name: "m1.small", disk: 20 * 2 ** 30, ephemeral: 0, swap: 0 },
    image: "debian-13",
    foreign: "keep",
    domainXml: {},
    values: {},
    ...fields,
  };
}
