import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { mustRun, runProgram } from "./support/virtform.ts";
import { createWorkspace, virsh, writeConfig } from "./support/workspace.ts";

test("interfaces have their MTU, queues, place in the boot order, trust and limits, and their devices keep their names", async (t) => {
  const workspace = await createWorkspace(t);
  const { prefix, directory } = workspace;
  const [lan, edge, plain, name, card] = [`${prefix}-lan`, `${prefix}-edge`, `${prefix}-plain`, `${prefix}-web`, `${prefix.slice(-8)}e`];
  t.after(async () => {
    await removeNetworks(lan, edge, plain);
    for (const device of [card, `${card}b`]) await runProgram("ip", ["link", "del", device]);
  });
  await mustRun("ip", ["link", "add", card, "type", "veth", "peer", "name", `${card}p`]);
  await mustRun("ip", ["link", "add", `${card}b`, "type", "bridge"]);
  for (const device of [card, `${card}b`]) await mustRun("ip", ["link", "set", device, "up"]);
  const subnet = `10.${randomInt(100, 250)}.${randomInt(1, 250)}.0/24`;
  await writeFile(`${directory}/counting.raw`, countingDisk("up"));
  const write = (power: "running" | "stopped", bandwidth?: object) =>
    writeConfig(workspace, {
      images: { counting: { source: `${directory}/counting.raw`, disk_format: "raw" } },
      flavors: { small: { vcpus: 2, ram: "64MiB", disk: "1MiB" } },
      networks: {
        [lan]: { type: "isolated", mtu: 1400, subnets: [{ cidr: subnet }] },
        [edge]: { type: "macvtap", device: card },
        [plain]: { type: "bridge", bridge: `${card}b` },
      },
      instances: {
        [name]: {
          image: "counting",
          flavor: "small",
          power_state: power,
          shutdown: { timeout: "1s" },
          networks: [
            { network: lan, mtu: 1300, queues: 2, boot_index: 1, ...(bandwidth === undefined ? {} : { bandwidth }) },
            { network: edge, trust: true, vnic_type: "macvtap" },
            { network: plain, link: power === "running" ? "up" : "down" },
          ],
        },
      },
    });
  await write("running");
  await apply(workspace);
  await assertConverged(workspace);
  const taps = async () => {
    const lines = (await virsh("domiflist", name)).trim().split("\n");
    return lines.map((line) => line.trim().split(/\s+/)[0] ?? "");
  };
  const named = await taps();
  assert.equal(named.length, 3, await virsh("domiflist", name));
  const [tap = "", macvtap = ""] = named;
  assert.match(tap, /^tap[0-9a-f]{8}-[0-9a-f]{2}$/);
  assert.match(macvtap, /^tap[0-9a-f]{8}-[0-9a-f]{2}$/);
  assert.equal((await readFile(`/sys/class/net/${tap}/mtu`, "utf8")).trim(), "1300");
  // The kernel counts the queues that the driver of a guest has taken, which a boot sector does not have.
  assert.match(await mustRun("ip", ["-d", "link", "show", tap]), / multi_queue /);
  const xml = await virsh("dumpxml", name);
  assert.match(xml, /trustGuestRxFilters='yes'/);
  assert.match(xml, /<boot order='2'\/>/);
  await virsh("destroy", name);
  await apply(workspace);
  assert.deepEqual(await taps(), named, "the devices have their names again");

  // As earlier versions defined guests.
  await virsh("destroy", name);
  const stored = await virsh("dumpxml", "--inactive", name);
  assert.match(stored, /<target dev='tap/);
  await writeFile(`${directory}/earlier.xml`, stored.replaceAll(/ *<target dev='tap.*\n/g, ""));
  await virsh("define", `${directory}/earlier.xml`);
  await virsh("start", name);
  assert.match((await taps())[0] ?? "", /^vnet\d/);
  await assertConverged(workspace);

  // libvirt limits with tc, which needs parts of the kernel that not every machine of tests has: only a guest that is off shows what libvirt keeps.
  await write("stopped", { inbound: { average: "10MiB", peak: "20MiB" }, outbound: { average: "5MiB", burst: "1MiB" } });
  await apply(workspace);
  await assertConverged(workspace);
  const limits = async () => /<bandwidth>.*<\/bandwidth>/s.exec(await virsh("dumpxml", name))?.[0].replaceAll(/\s*\n\s*/g, "");
  assert.equal(await limits(), "<bandwidth><inbound average='10240' peak='20480'/><outbound average='5120' burst='1024'/></bandwidth>");
  await virsh("domiftune", name, macOf(await virsh("dumpxml", name)), "--inbound", "99", "--config");
  const drift = await virtform("plan", directory);
  assert.match(drift.stdout, /inbound_average +99 → 10240/, drift.stdout);
  await write("stopped", { outbound: { average: "2MiB" } });
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(await limits(), "<bandwidth><outbound average='2048'/></bandwidth>");
  await write("stopped");
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(await limits(), undefined);
});

/** The MAC address of the first interface of a domain. */
function macOf(xml: string): string {
  return /<mac address='([^']+)'/.exec(xml)?.[1] ?? "";
}
