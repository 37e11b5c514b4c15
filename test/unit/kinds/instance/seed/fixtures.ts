import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { DiskSpec } from "../../../../../src/drivers/driver.ts";
import { rootOnly } from "../../../../../src/kinds/instance/seed/block-devices.ts";
import type { SeedSpec } from "../../../../../src/kinds/terms/spec.ts";
import { diskSpec } from "../../../../support/disk-spec.ts";

export const uuid = "6f1f6f0a-6a4e-5c0f-9b8e-0123456789ab";

/** A temporary directory that goes when the test ends. */
export async function temporaryDirectory(test: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "virtform-seed-"));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A config drive that is kept as a file below `root`; `over` replaces parts of it. */
export function driveAt(root: string, over: Partial<DiskSpec> = {}): DiskSpec {
  const path = `${root}/${uuid}/disk.config`;
  const drive = diskSpec({ instance: "web-0", uuid, name: "disk.config", role: "drive", backend: "flat", path });
  return { ...drive, content: { kind: "bytes" }, ...over };
}

/** A small drive below `root`; `over` replaces parts of it. */
export function seedSpec(root: string, over: Partial<SeedSpec> = {}): SeedSpec {
  return {
    instance: "web-0",
    uuid,
    disk: driveAt(root),
    format: "iso9660",
    hostname: "web-0",
    launchIndex: 0,
    project: "shop",
    flavor: "m1.small",
    metadata: {},
    publicKeys: {},
    userData: null,
    files: [],
    adminPassword: null,
    interfaces: [],
    kernel: false,
    ramdisk: false,
    blockDevices: rootOnly,
    ...over,
  };
}

/** A drive with everything that one can have. */
export function fullSpec(root: string, over: Partial<SeedSpec> = {}): SeedSpec {
  return seedSpec(root, {
    hostname: "web-1.example.org",
    launchIndex: 1,
    metadata: { role: "web", "a key": 'größer\n"quoted"' },
    publicKeys: { ops: "ssh-ed25519 AAAAC3NzaC1 ops@example.org", dev: "ssh-rsa AAAAB3NzaC1 dev@example.org" },
    userData: { text: "#cloud-config\r\nruncmd: [true]\r\n" },
    adminPassword: { env: "WEB_PASSWORD" },
    interfaces: [
      { name: "0", type: "network", source: "default", mac: "52:54:00:0a:0b:01", model: "virtio", link: "up", filter: null },
      { name: "1", type: "bridge", source: "br0", mac: "52:54:00:0a:0b:02", model: "virtio", link: "up", filter: null },
      { name: "2", type: "user", source: "", mac: "52:54:00:0a:0b:03", model: "e1000", link: "up", filter: null },
    ],
    kernel: true,
    ramdisk: true,
    ...over,
  });
}
