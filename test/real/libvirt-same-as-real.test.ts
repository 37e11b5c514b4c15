import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { createLocalHost } from "../../src/host/local/local.ts";
import type { Host } from "../../src/model/host.ts";
import { createCaller } from "../../src/tools/libvirt/caller.ts";
import { createLibvirt } from "../../src/tools/libvirt/client.ts";
import { LibvirtError } from "../../src/tools/libvirt/libvirt-error.ts";
import { createMachine } from "../fake-host/machine.ts";
import { testUri } from "../unit/tools/libvirt/test-context.ts";

const [uuid, other, free, secret] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
const prefix = `vfsame-${process.pid}`;
const usage = `virtform/${prefix}/x`;

function document(name: string, id: string, memory = 64, devices = ""): string {
  return `<domain type='qemu'><name>${name}</name><uuid>${id}</uuid><memory unit='MiB'>${memory}</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>${devices}</devices></domain>`;
}

function secretDocument(id: string): string {
  return `<secret ephemeral='yes' private='yes'><uuid>${id}</uuid><description>not ready: x</description><usage type='volume'><volume>${usage}</volume></usage></secret>`;
}

/** The same calls on any host; gives what each answered, or libvirt's numbers of its refusal. */
async function walk(host: Host): Promise<Record<string, unknown>> {
  const libvirt = createLibvirt(createCaller({ host, uri: testUri, looksOnly: false }));
  const seen: Record<string, unknown> = {};
  const step = async (name: string, work: () => Promise<unknown>) => {
    try {
      seen[name] = { answered: await work() };
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      seen[name] = { refused: [error.number, error.domain, error.errno] };
    }
  };
  const record = async () => {
    const found = await libvirt.domain(uuid);
    const memory = (xml: string | null | undefined) => /<memory unit='KiB'>(\d+)</.exec(xml ?? "")?.[1];
    return found && [found.name, found.power, found.reason, found.persistent, found.autostart, memory(found.xml), memory(found.active)];
  };
  const name = `${prefix}-a`;
  try {
    await step("nothing", record);
    await step("start nothing", () => libvirt.start(free));
    await step("shut nothing down", () => libvirt.shutdown(free));
    await step("destroy nothing", () => libvirt.destroy(free));
    await step("undefine nothing", () => libvirt.undefine(free));
    await step("define no document", () => libvirt.define("<domain"));
    await step("define without a name", () => libvirt.define(`<domain type='qemu'><uuid>${free}</uuid></domain>`));
    await step("define another element", () => libvirt.define("<network/>"));
    await step("define", () => libvirt.define(document(name, uuid)));
    await step("define its name", () => libvirt.define(document(name, other)));
    await step("define its uuid", () => libvirt.define(document(`${prefix}-b`, uuid)));
    await step("as defined", record);
    await step("autostart", () => libvirt.setAutostart(uuid, true));
    await step("shut down what is off", () => libvirt.shutdown(uuid));
    await step("resume what is off", () => libvirt.resume(uuid));
    await step("discard no memory", () => libvirt.discardMemory(uuid));
    await step("rename", () => libvirt.rename(uuid, `${prefix}-c`));
    await step("renamed", record);
    await step("start", () => libvirt.start(uuid));
    await step("start again", () => libvirt.start(uuid));
    await step("rename what runs", () => libvirt.rename(uuid, name));
    await step("redefine what runs", () => libvirt.define(document(`${prefix}-c`, uuid, 96)));
    await step("both definitions", record);
    await step("in the list", async () => (await libvirt.domains((one) => one)).find((one) => one.uuid === uuid)?.reason);
    await step("resume what runs", () => libvirt.resume(uuid));
    await step("size of no disk", () => libvirt.blockSize(uuid, "vda"));
    await step("grow no disk", () => libvirt.blockResize(uuid, "vda", 1024));
    await step("in use", async () => (await libvirt.inUse(uuid))?.saved);
    await step("undefine what runs", () => libvirt.undefine(uuid));
    await step("transient", record);
    await step("undefine what is transient", () => libvirt.undefine(uuid));
    await step("destroy", () => libvirt.destroy(uuid));
    await step("gone", record);
    const nic = `<interface type='network'><source network='${prefix}-none'/></interface>`;
    await step("define with a network", () => libvirt.define(document(name, uuid, 64, nic)));
    await step("start with a network that does not exist", () => libvirt.start(uuid));
    const disk = `<disk type='file'><driver name='qemu' type='raw'/><source file='/nonexistent/${prefix}'/><target dev='vda' bus='virtio'/></disk>`;
    await step("define with a disk", () => libvirt.define(document(name, uuid, 64, disk)));
    await step("start with a disk that does not exist", () => libvirt.start(uuid));
    await step("secret", () => libvirt.defineSecret(secret, secretDocument(secret)));
    await step("a secret with its usage", () => libvirt.defineSecret(free, secretDocument(free)));
    await step("its value", () => libvirt.setSecretValue(secret, "sesame"));
    await step("the value of none", () => libvirt.setSecretValue(free, "sesame"));
    await step("secrets", async () => (await libvirt.secrets(usage)).map(({ ready }) => ready));
    await step("remove it", () => libvirt.undefineSecret(secret));
    await step("remove it again", () => libvirt.undefineSecret(secret));
    await step("no secret", () => libvirt.hasSecret(secret));
  } finally {
    await libvirt.destroy(uuid);
    await libvirt.undefine(uuid);
    await libvirt.undefineSecret(secret);
    await libvirt.close();
  }
  return seen;
}

test("the libvirt of the fake machine answers and refuses like the real one, with the same numbers", async (t) => {
  const real = createLocalHost();
  t.after(() => real.close());
  const expected = await walk(real);
  const actual = await walk(createMachine().boot());
  assert.deepEqual(actual, expected);
});
