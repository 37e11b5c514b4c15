import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { shellGuest, shellOf } from "./support/shell-guest.ts";
import { createWorkspace, guestImages, roomy, virsh, writeConfig } from "./support/workspace.ts";

test("a guest gets its fixed address by DHCP, and another one while it runs; its drive has what DHCP does not tell", async (t) => {
  const workspace = await createWorkspace(t);
  const [network, name] = [`${workspace.prefix}-lan`, `${workspace.prefix}-web`];
  const [v4, v6] = [`10.${randomInt(100, 250)}.${randomInt(1, 250)}`, `fd00:${randomInt(1, 9999)}:${randomInt(1, 9999)}::`];
  t.after(() => removeNetworks(network));
  const images = guestImages(await shellGuest(workspace.directory));
  const write = (addresses: readonly string[]) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images,
      flavors: { small: { vcpus: 1, ram: "128MiB", disk: "64MiB" } },
      networks: {
        [network]: {
          subnets: [{ cidr: `${v4}.0/24`, dhcp: { ranges: [{ start: `${v4}.100`, end: `${v4}.199` }] } }, { cidr: `${v6}/64` }],
        },
      },
      instances: { [name]: { image: "tiny", flavor: "small", networks: [{ network, addresses }] } },
    });
  await write([`${v4}.10`, `${v6}10`]);
  await apply(workspace);
  await assertConverged(workspace);
  const shell = await shellOf(t, workspace, name);
  const leased = async () => {
    const { output } = await shell.run("udhcpc -i eth0 -n -q -f -t 20 -s /bin/true");
    return /lease of (\S+) obtained/.exec(output)?.[1] ?? output;
  };
  assert.equal(await leased(), `${v4}.10`);
  assert.match(await virsh("net-dhcp-leases", network), new RegExp(` ${v4}\\.10/24 +${name} `));

  const id = await virsh("domid", name);
  await write([`${v4}.150`, `${v6}10`]);
  const { stdout } = await virtform("plan", workspace.directory);
  assert.match(stdout, /change the network while it is active/);
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(await virsh("domid", name), id, "the guest went on");
  assert.equal(await leased(), `${v4}.150`);

  const { output } = await shell.run(
    "mkdir -p /drive; mount -t iso9660 /dev/sr0 /drive; cat /drive/openstack/latest/network_data.json; echo",
  );
  const { networks } = JSON.parse(output) as { networks: Record<string, unknown>[] };
  assert.deepEqual(
    networks.map(({ type, ip_address, netmask, routes }) => ({ type, ip_address, netmask, routes })),
    [
      { type: "ipv4_dhcp", ip_address: undefined, netmask: undefined, routes: undefined },
      {
        type: "ipv6",
        ip_address: `${v6}10`,
        netmask: "ffff:ffff:ffff:ffff::",
        routes: [{ network: "::", netmask: "::", gateway: `${v6}1` }],
      },
    ],
  );
});
