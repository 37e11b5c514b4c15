import { writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { removeNetworks } from "./remove-networks.ts";
import { virsh, type Workspace } from "./workspace.ts";

/** A network of a test's own, without DHCP. */
export interface IsolatedNetwork {
  /** libvirt's name of it. */
  readonly name: string;
  /** `10.81.17`, and the same for IPv6: `fd91:111::`. */
  readonly v4: string;
  readonly v6: string;
}

/** Defines and starts a network in which guests reach each other and the host, until the end of the test. */
export async function isolatedNetwork(t: TestContext, { directory, prefix }: Workspace): Promise<IsolatedNetwork> {
  // From 12 random bits: networks of files that run side by side must not overlap.
  const number = Number.parseInt(prefix.slice(-3), 16);
  const net = { name: `${prefix}-net`, v4: `10.${80 + (number >> 8)}.${number & 255}`, v6: `fd91:${number.toString(16)}::` };
  const file = `${directory}/network.xml`;
  const bridge = `<bridge name='${prefix}' stp='off'/><ip address='${net.v4}.1' netmask='255.255.255.0'/>`;
  await writeFile(file, `<network><name>${net.name}</name>${bridge}</network>`);
  await virsh("net-define", file);
  t.after(() => removeNetworks(net.name));
  await virsh("net-start", net.name);
  return net;
}
