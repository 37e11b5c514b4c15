import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Pointer } from "../../model/pointer.ts";
import { problem } from "../../model/problem.ts";
import { hasConfigDrive } from "../config/has-config-drive.ts";
import { networkOf } from "../config/network-of.ts";
import { networkTraits } from "../config/network-traits.ts";
import { filteringOf, isFiltered } from "../config/port-filter-of.ts";
import type { Config, InstanceConfig, NicConfig } from "../config.ts";
import { vlanDevice } from "../terms/vlan-device.ts";
import { nicName } from "./interfaces.ts";

/** Of the names of network devices (IFNAMSIZ). */
const longestDeviceName = 15;

type Vlan = NonNullable<NicConfig["vlans"]>[number];
type Mistake = readonly [key: readonly (string | number)[], summary: string, detail: string];

/** VLANs that guests cannot have within their interfaces. Addresses in them are checked with those of interfaces. Pure. */
export function checkGuestVlans(config: Pick<Config, "host" | "networks" | "instances">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) =>
    (instance.networks ?? []).flatMap((nic, index) => {
      const at: Pointer = ["instances", name, "networks", index, "vlans"];
      return mistakesOf(config, instance, nic, index).map(([key, summary, detail]) =>
        problem("port-setting-impossible", {
          summary: `Interface ${nicName(nic, index)} of ${name} ${summary}`,
          detail,
          pointer: [...at, ...key],
        }),
      );
    }),
  );
}

function mistakesOf(config: Pick<Config, "host" | "networks">, instance: InstanceConfig, nic: NicConfig, index: number): Mistake[] {
  const { vlans = [] } = nic;
  if (vlans.length === 0) return [];
  const whole = wholeMistake(config, instance, nic, index);
  if (whole !== undefined) return [[[], ...whole]];
  return vlans.flatMap((vlan, position) => {
    const found = vlanMistake(config, nic, vlan, position);
    return found === undefined ? [] : [[[position, found[0]], found[1], found[2]] as const];
  });
}

/** Why an interface has no VLANs at all. */
function wholeMistake(
  config: Pick<Config, "host" | "networks">,
  instance: InstanceConfig,
  nic: NicConfig,
  index: number,
): readonly [summary: string, detail: string] | undefined {
  const told = hasConfigDrive(config, instance) || (instance.inject !== undefined && instance.inject.network !== "none");
  if (!told)
    return [
      "has VLANs that are not described to the guest",
      "They are described in the config drive or in an injected network file, and the instance has neither. Give it one, or remove vlans.",
    ];
  if (nic.user === true)
    return ["is in user-mode networking and cannot have VLANs", "QEMU takes no tagged packets there. Connect it to a network or a bridge."];
  if (isFiltered(filteringOf(instance, nic)))
    return [
      "is filtered and cannot have VLANs",
      "Filters of libvirt refuse tagged packets. Write port_filter: none for the interface, or connect the VLANs by interfaces of their own.",
    ];
  const first = (instance.networks ?? []).findIndex(({ bond }) => nic.bond !== undefined && bond === nic.bond);
  if (first >= 0 && first !== index)
    return [`is not the first one of bond ${nic.bond} and has VLANs`, "The bond has the VLANs of its first interface. Write them there."];
  const network = networkOf(config, nic)?.network;
  if (nic.vlan !== undefined && network?.type !== "ovs")
    return [
      "has both vlan and vlans",
      "On a Linux bridge the port is in one VLAN and takes no tagged packets. Remove one of the two, or use a network of type ovs.",
    ];
  if (network !== undefined && network.external !== true && networkTraits(network).hosted)
    return [
      "has VLANs in a network that has none",
      `The host has its address in networks.${nic.network} without a tag, and nothing else answers there. Use a network of type bridge, ovs or macvtap, or one of others.`,
    ];
  return undefined;
}

/** What is wrong with one VLAN. */
function vlanMistake(
  config: Pick<Config, "networks">,
  nic: NicConfig,
  { id, network: name, addresses, mtu }: Vlan,
  position: number,
): readonly [key: string, summary: string, detail: string] | undefined {
  const first = (nic.vlans ?? []).findIndex((one) => one.id === id);
  if (first !== position)
    return ["id", `has VLAN ${id} twice`, `It is number ${first + 1} and ${position + 1} of vlans. Remove one of them.`];
  if (nic.bond !== undefined && vlanDevice(nic.bond, id).length > longestDeviceName)
    return [
      "id",
      `has VLAN ${id} in a bond with a long name`,
      `The guest would name the device ${vlanDevice(nic.bond, id)}, and Linux takes at most ${longestDeviceName} characters. Write a shorter name into bond, such as bond0.`,
    ];
  const own = networkOf(config, nic)?.network;
  if (id === (nic.vlan ?? own?.vlan))
    return [
      "id",
      `has VLAN ${id} with and without a tag`,
      "It is the VLAN of the interface itself. Remove it here, or choose another one.",
    ];
  const of = networkOf(config, { network: name });
  if (addresses !== undefined && (of?.network.subnets ?? []).length === 0)
    return [
      "addresses",
      `has addresses in VLAN ${id}, of which no network is known`,
      "Write network: the entry of networks (type bridge or ovs, or external: true) whose subnets they are in.",
    ];
  if (of !== undefined && networkTraits(of.network).hosted)
    return [
      "network",
      `has network ${of.name} in VLAN ${id}`,
      "libvirt connects no VLAN to a network of its own. Name an entry of type bridge, ovs or macvtap, or one with external: true, which says the subnets of the VLAN.",
    ];
  if (of?.network.vlan !== undefined && of.network.vlan !== id)
    return [
      "network",
      `has network ${of.name} in VLAN ${id}`,
      `The VLAN of networks.${of.name} is ${of.network.vlan}. Write id: ${of.network.vlan}, or name another entry.`,
    ];
  const largest = nic.mtu ?? own?.mtu;
  if (mtu !== undefined && largest !== undefined && mtu > largest)
    return ["mtu", `has a larger MTU in VLAN ${id} than itself: ${mtu} and ${largest}`, `Write ${largest} or less.`];
  return undefined;
}
