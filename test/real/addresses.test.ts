import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { apply, virtform } from "./support/in-this-process.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { mustRun, runProgram } from "./support/virtform.ts";
import { createWorkspace, guestImages, haltingGuest, virsh, writeConfig } from "./support/workspace.ts";

test("list and show have the address that a network of libvirt leased to a guest", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, prefix } = workspace;
  const id = randomBytes(3).toString("hex");
  const [network, bridge, ours, theirs] = [`${prefix}-net`, `vtb${id}`, `vta${id}`, `vtc${id}`];
  const subnet = `10.${randomInt(100, 250)}.${randomInt(1, 250)}`;
  const mac = `52:54:00:${id.match(/../g)?.join(":")}`;
  t.after(async () => {
    await runProgram("ip", ["link", "del", ours]);
    await removeNetworks(network);
  });
  const xml = `<network><name>${network}</name><bridge name="${bridge}" stp="off"/><ip address="${subnet}.1" netmask="255.255.255.0"><dhcp><range start="${subnet}.10" end="${subnet}.20"/></dhcp></ip></network>`;
  await writeFile(`${directory}/network.xml`, xml);
  await virsh("net-define", `${directory}/network.xml`);
  await virsh("net-start", network);
  const name = `${prefix}-leased`;
  await writeConfig(workspace, {
    // Applies of other tests claim the disk as well.
    host: { allocation_ratio: { vcpus: 1000, memory: 1000, disk: 100 } },
    images: guestImages(await haltingGuest(directory)),
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" } },
    instances: { [name]: { image: "tiny", flavor: "small", config_drive: false, networks: [{ network, mac }] } },
  });
  await apply(workspace);
  assert.match((await virtform("list", directory)).stdout, new RegExp(`^${name} +active +- `, "m"));

  await assertSaysWhy(["ssh", name, directory], /No address of \S+ is known/);

  // The guest halts at once: its card's address asks from another card on the same bridge.
  await mustRun("ip", ["link", "add", ours, "address", mac, "type", "veth", "peer", "name", theirs]);
  await mustRun("ip", ["link", "set", theirs, "master", bridge, "up"]);
  await mustRun("ip", ["link", "set", ours, "up"]);
  await mustRun("busybox", ["udhcpc", "-i", ours, "-n", "-q", "-f", "-s", "/bin/true"], 60_000);

  const listed = await virtform("list", directory);
  assert.match(
    listed.stdout,
    new RegExp(`^${name} +active +${subnet.replaceAll(".", "\\.")}\\.(1\\d|20) +tiny +small +1 +64MiB +1GiB$`, "m"),
    listed.stdout + listed.stderr,
  );
  const [one] = JSON.parse((await virtform("list", directory, "--json")).stdout) as {
    addresses: string[];
    interfaces: Record<string, { source: string }>;
  }[];
  assert.deepEqual(Object.keys(one?.interfaces ?? {}), [mac]);
  assert.equal(one?.addresses.length, 1);
  assert.equal(
    (await virtform("ssh", "--print", name, directory, "--", "uname", "-a")).stdout,
    `ssh -o HostKeyAlias=${name}.${workspace.project}.localhost -- ${one?.addresses[0]} uname -a\n`,
  );
  await assertSaysWhy(
    ["ssh", "--print", name, directory, "uname"],
    /There is no configuration called uname[\s\S]*virtform ssh\s+\S+ -- uname/,
  );
  assert.match((await virtform("show", name, directory)).stdout, new RegExp(`status: active\\n[\\s\\S]*addresses:\\n +- ${subnet}`));
});

async function assertSaysWhy(args: readonly string[], why: RegExp): Promise<void> {
  const { code, stderr } = await virtform(...args);
  assert.equal(code, 1);
  assert.match(stderr, why);
}
