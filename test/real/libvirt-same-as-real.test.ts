import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { test } from "node:test";
import { createLocalHost } from "../../src/host/local/local.ts";
import { usedFilters } from "../../src/kinds/terms/port-filter.ts";
import type { Host } from "../../src/model/host.ts";
import { createCaller } from "../../src/tools/libvirt/caller.ts";
import { createLibvirt } from "../../src/tools/libvirt/client.ts";
import type { NetworkUpdate } from "../../src/tools/libvirt/libvirt.ts";
import { LibvirtError } from "../../src/tools/libvirt/libvirt-error.ts";
import { procedures } from "../../src/tools/libvirt/rpc/procedures.ts";
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

function bindingOf(port: string, filter: string): string {
  return `<filterbinding><owner><name>${prefix}</name><uuid>${uuid}</uuid></owner><portdev name='${port}'/><mac address='52:54:00:91:aa:01'/><filterref filter='${filter}'/></filterbinding>`;
}

/** Makes steps, and keeps what each answered or libvirt's numbers of its refusal. */
function recorder() {
  const seen: Record<string, unknown> = {};
  const step = async (name: string, work: () => Promise<unknown>) => {
    try {
      seen[name] = { answered: await work() };
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      seen[name] = { refused: [error.number, error.domain, error.errno] };
    }
  };
  return { seen, step };
}

/** The same calls on any host; gives what each answered, or libvirt's numbers of its refusal. */
async function walk(host: Host): Promise<Record<string, unknown>> {
  const caller = createCaller({ host, uri: testUri, looksOnly: false });
  const libvirt = createLibvirt(caller);
  const [filter, parent, port] = [`virtform:${prefix}:group:a`, `virtform:${prefix}:port:b`, `${prefix}-0`.slice(-15)];
  const { seen, step } = recorder();
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
    const rule = "<rule action='accept' direction='in' priority='500'><tcp dstportstart='80'/></rule>";
    const filterDocument = (of: string, id: string, content = rule) =>
      `<filter name='${of}' chain='root'><uuid>${id}</uuid>${content}</filter>`;
    await step("no filter", () => libvirt.filter(filter));
    await step("remove no filter", () => libvirt.undefineFilter(filter));
    await step("define a filter", () => libvirt.defineFilter(filter, filterDocument(filter, uuid)));
    await step("define its name with another uuid", () => libvirt.defineFilter(filter, filterDocument(filter, other)));
    await step("define its uuid with another name", () => libvirt.defineFilter(parent, filterDocument(parent, uuid)));
    await step("define no filter document", () => libvirt.defineFilter(parent, "<filter"));
    await step("define another element as a filter", () => libvirt.defineFilter(parent, "<network/>"));
    await step("define an unknown action", () =>
      libvirt.defineFilter(parent, filterDocument(parent, other, "<rule action='x' direction='in'/>")),
    );
    await step("define a loop", () => libvirt.defineFilter(filter, filterDocument(filter, uuid, `<filterref filter='${filter}'/>`)));
    await step("refer to a filter", () => libvirt.defineFilter(parent, filterDocument(parent, other, `<filterref filter='${filter}'/>`)));
    await step("filters", async () => (await libvirt.filters(`virtform:${prefix}:`))?.own.map(({ name }) => name).sort());
    await step("what is shipped", async () => {
      const names = (await libvirt.filters("-"))?.names ?? [];
      return usedFilters.filter((one) => !names.includes(one));
    });
    await step("a binding", async () => {
      await libvirt.bindFilter(port, bindingOf(port, parent));
      return (await libvirt.filterBindings()).filter(({ filter: of }) => of === parent).length;
    });
    await step("bind it again", () => libvirt.bindFilter(port, bindingOf(port, filter)));
    await step("undefine a filter", () => libvirt.undefineFilter(parent));
    await step("no binding document", () => libvirt.bindFilter(port, "<filterbinding/>"));
  } finally {
    await libvirt.destroy(uuid);
    await libvirt.undefine(uuid);
    await libvirt.undefineSecret(secret);
    await caller.call(procedures.deleteFilterBinding, { binding: { port, filter: "" } }, port).catch(() => undefined);
    for (const name of [parent, filter]) await libvirt.undefineFilter(name);
    await libvirt.close();
  }
  return seen;
}

const [lan, otherLan] = [randomUUID(), randomUUID()];
const lanBridge = `vfs${randomUUID().slice(0, 8)}`;
const lanSubnet = `10.${randomInt(100, 250)}.${randomInt(1, 250)}`;

function networkDocument(name: string, id: string, { bridge = lanBridge, more = "" } = {}): string {
  return `<network><name>${name}</name><uuid>${id}</uuid>${more}<bridge name='${bridge}'/><ip address='${lanSubnet}.1' prefix='24'><dhcp><range start='${lanSubnet}.10' end='${lanSubnet}.20'/></dhcp></ip></network>`;
}

/** The same calls about networks on any host; gives what each answered, or libvirt's numbers of its refusal. */
async function walkNetworks(host: Host): Promise<Record<string, unknown>> {
  const libvirt = createLibvirt(createCaller({ host, uri: testUri, looksOnly: false }));
  const { seen, step } = recorder();
  const name = `${prefix}-lan`;
  // libvirt has an order of its own for the parts.
  const parts = (xml: string | null | undefined) =>
    xml == null
      ? xml
      : [...xml.matchAll(/<(?:range|host|hostname|txt|srv|portgroup|mtu|vf:x)\b[^>]*>/g)].map(([part]) => part.replaceAll('"', "'")).sort();
  const record = async () => {
    const found = await libvirt.network(lan);
    return found && [found.name === name, found.autostart, parts(found.xml), parts(found.active)];
  };
  const update = (command: "add" | "delete", section: NetworkUpdate["section"], xml: string) =>
    libvirt.updateNetwork(lan, { command, section, parent: section.startsWith("dhcp") ? 0 : null, xml });
  const reserved = `<host mac='52:54:00:00:00:09' ip='${lanSubnet}.30'/>`;
  const range = `<range start='${lanSubnet}.40' end='${lanSubnet}.50'/>`;
  const srv = "<srv service='x' protocol='tcp' domain='d' target='t' port='3' priority='1' weight='2'/>";
  try {
    await step("nothing", record);
    await step("start nothing", () => libvirt.startNetwork(lan));
    await step("stop nothing", () => libvirt.stopNetwork(lan));
    await step("undefine nothing", () => libvirt.undefineNetwork(lan));
    await step("autostart of nothing", () => libvirt.setNetworkAutostart(lan, true));
    await step("define a domain", () => libvirt.defineNetwork("<domain/>"));
    await step("define nat without an address", () =>
      libvirt.defineNetwork(`<network><name>${name}</name><forward mode='nat'/></network>`),
    );
    const label = "<metadata><vf:x xmlns:vf='https://virtform.test/x'/></metadata>";
    await step("define", () => libvirt.defineNetwork(networkDocument(name, lan, { more: label })));
    await step("as defined", record);
    await step("define its name", () => libvirt.defineNetwork(networkDocument(name, otherLan, { bridge: "vfsother" })));
    await step("define its bridge", () => libvirt.defineNetwork(networkDocument(`${name}2`, otherLan)));
    await step("update an inactive network", () => update("add", "dhcp-host", reserved));
    await step("stop an inactive network", () => libvirt.stopNetwork(lan));
    await step("autostart", () => libvirt.setNetworkAutostart(lan, true));
    await step("start", () => libvirt.startNetwork(lan));
    await step("start again", () => libvirt.startNetwork(lan));
    await step("active", record);
    for (const [section, xml] of [
      ["dhcp-host", reserved],
      ["dhcp-range", range],
      ["dns-host", `<host ip='${lanSubnet}.5'><hostname>a</hostname></host>`],
      ["dns-txt", "<txt name='a' value='b'/>"],
      ["dns-srv", srv],
    ] as const) {
      await step(`add ${section}`, () => update("add", section, xml));
      await step(`add ${section} again`, () => update("add", section, xml));
    }
    await step("only what runs has them", record);
    await step("redefine what is active", () => libvirt.defineNetwork(networkDocument(name, lan, { more: `${label}<mtu size='1400'/>` })));
    await step("both definitions", record);
    await step("delete a reservation", () => update("delete", "dhcp-host", reserved));
    await step("delete it again", () => update("delete", "dhcp-host", reserved));
    await step("delete a range", () => update("delete", "dhcp-range", range));
    await step("delete a record", () => update("delete", "dns-srv", srv));
    await step("delete no record", () => update("delete", "dns-txt", "<txt name='q' value='b'/>"));
    await step("undefine what is active", () => libvirt.undefineNetwork(lan));
    await step("transient", record);
    await step("autostart of what is transient", () => libvirt.setNetworkAutostart(lan, true));
    await step("stop", () => libvirt.stopNetwork(lan));
    await step("gone", record);
  } finally {
    await libvirt.stopNetwork(lan);
    await libvirt.undefineNetwork(lan);
    await libvirt.close();
  }
  return seen;
}

test("the networks of the fake libvirtd answer and refuse like the real ones, with the same numbers", async (t) => {
  const real = createLocalHost();
  t.after(() => real.close());
  const expected = await walkNetworks(real);
  assert.deepEqual(await walkNetworks(createMachine().boot()), expected);
});

test("the libvirt of the fake machine answers and refuses like the real one, with the same numbers", async (t) => {
  const real = createLocalHost();
  t.after(() => real.close());
  const expected = await walk(real);
  const actual = await walk(createMachine().boot());
  assert.deepEqual(actual, expected);
});
