import { randomBytes, randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { removeNetworks } from "./remove-networks.ts";
import { virsh, type Workspace } from "./workspace.ts";

/** A network of libvirt for the duration of a test, with DHCP. */
export async function dhcpNetwork(t: TestContext, { directory, prefix }: Workspace): Promise<string> {
  const network = `${prefix}-net`;
  const id = randomBytes(3).toString("hex");
  const subnet = `10.${randomInt(100, 250)}.${randomInt(1, 250)}`;
  t.after(() => removeNetworks(network));
  const xml = `<network><name>${network}</name><bridge name="vtb${id}" stp="off"/><ip address="${subnet}.1" netmask="255.255.255.0"><dhcp><range start="${subnet}.10" end="${subnet}.20"/></dhcp></ip></network>`;
  await writeFile(`${directory}/network.xml`, xml);
  await virsh("net-define", `${directory}/network.xml`);
  await virsh("net-start", network);
  return network;
}
