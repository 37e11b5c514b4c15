import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import type { Pointer } from "../../model/pointer.ts";
import { problem } from "../../model/problem.ts";
import { declared } from "../config/declared.ts";
import { networkOf } from "../config/network-of.ts";
import type { Config, FlavorConfig, NicConfig } from "../config.ts";
import type { Checked } from "../disk/checked.ts";
import { nicName } from "./interfaces.ts";

/** What is wrong with a key of an interface, and what to do. */
type Mistake = readonly [key: string, summary: string, detail: string];

/** An interface as it is written, with what decides whether its settings are possible. */
interface Port {
  readonly nic: NicConfig;
  readonly config: Config;
  readonly flavor: FlavorConfig;
  /** Of the image that the guest boots a kernel of. */
  readonly hasKernel: boolean;
  /** Default: that of the image, else virtio. */
  readonly model: string;
  readonly facts: HostFacts;
}

/** Settings of interfaces that they cannot have, or that would have no effect (Nova XML-17). Pure. */
export function checkPortSettings({ config, observed: { facts } }: Pick<Checked, "config" | "observed">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) => {
    const image = instance.image === undefined ? undefined : declared(config.images, instance.image);
    return (instance.networks ?? []).flatMap((nic, index) => {
      const model = nic.model ?? image?.properties?.["hw_vif_model"] ?? "virtio";
      const port = { nic, config, flavor: declared(config.flavors, instance.flavor), hasKernel: image?.kernel !== undefined, model, facts };
      const what = `Interface ${nicName(nic, index)} of ${name}`;
      const at: Pointer = ["instances", name, "networks", index];
      return mistakesOf(port).map(([key, summary, detail]) =>
        problem("port-setting-impossible", { summary: `${what} ${summary}`, detail, pointer: [...at, ...key.split(".")] }),
      );
    });
  });
}

/** Keys that concern a device of the host, which user-mode networking does not have. */
const ofDevices = ["mtu", "queues", "bandwidth", "vlan", "trust"] as const;

function mistakesOf(port: Port): Mistake[] {
  const { nic } = port;
  if (nic.user === true) {
    return ofDevices
      .filter((key) => nic[key] !== undefined)
      .map((key): Mistake => {
        const why = "QEMU forwards its traffic itself, without a device on the host.";
        return [key, `is in user-mode networking and cannot have ${key}`, `${why} Connect it to a network or a bridge, or remove ${key}.`];
      });
  }
  return [...mtuMistakes(port), ...queueMistakes(port), ...bandwidthMistakes(port), ...vlanMistakes(port), ...typeMistakes(port)];
}

function mtuMistakes({ nic, config }: Port): Mistake[] {
  const { name, network } = networkOf(config, nic) ?? {};
  if (nic.mtu === undefined || network?.mtu === undefined || nic.mtu <= network.mtu) return [];
  return [
    [
      "mtu",
      `has a larger MTU than its network ${name}: ${nic.mtu} and ${network.mtu}`,
      `Packets of more than ${network.mtu} bytes would be dropped. Write ${network.mtu} or less, or give the network a larger mtu.`,
    ],
  ];
}

function queueMistakes({ nic, flavor, model }: Port): Mistake[] {
  const { queues } = nic;
  if (queues === undefined) return [];
  if (model !== "virtio") return [["queues", `is a card of model ${model}, which has one queue`, "Write model: virtio, or remove queues."]];
  if (queues <= flavor.vcpus) return [];
  const detail = `A guest uses one queue for each vCPU at most. Write ${flavor.vcpus} or less, or give the flavor more vcpus.`;
  return [["queues", `has ${queues} queues, and its flavor has ${flavor.vcpus} vCPU${flavor.vcpus === 1 ? "" : "s"}`, detail]];
}

function bandwidthMistakes({ nic }: Port): Mistake[] {
  const { average, peak } = nic.bandwidth?.inbound ?? {};
  if (average === undefined || peak === undefined || peak >= average) return [];
  return [["bandwidth.inbound.peak", "has a peak below its average", "Write a peak that is at least the average."]];
}

/** The first version of libvirt that sets VLANs of tap devices in Linux bridges. */
const vlanOnBridges = 11;

function vlanMistakes({ nic, config, facts }: Port): Mistake[] {
  if (nic.vlan === undefined) return [];
  const { network } = networkOf(config, nic) ?? {};
  const type = network?.external === true ? undefined : network?.type;
  if (type === "ovs") return [];
  if (type === "macvtap")
    return [
      [
        "vlan",
        "cannot have a VLAN",
        "A network of type macvtap takes the VLAN of its device: make a VLAN device on the host, and name it in device.",
      ],
    ];
  const major = Number.parseInt(facts.libvirtVersion, 10);
  if (Number.isNaN(major) || major >= vlanOnBridges) return [];
  const remedy = "Use a network of type ovs, or a bridge that has a VLAN device of the host as its port.";
  return [
    [
      "vlan",
      "cannot have a VLAN on this host",
      `libvirt ${facts.libvirtVersion} sets no VLANs on Linux bridges; libvirt ${vlanOnBridges} does. ${remedy}`,
    ],
  ];
}

function typeMistakes({ nic, config, model, hasKernel }: Port): Mistake[] {
  const found: Mistake[] = [];
  const type = networkOf(config, nic)?.network.type;
  if (nic.trust !== undefined && (type !== "macvtap" || model !== "virtio"))
    found.push(["trust", "cannot have trust", "It has an effect on virtio cards in networks of type macvtap only. Remove it."]);
  if (nic.vnic_type === "macvtap" && type !== "macvtap")
    found.push([
      "vnic_type",
      "is not connected by macvtap",
      "vnic_type: macvtap needs an entry of networks with type: macvtap. Name one, or remove vnic_type.",
    ]);
  if (nic.vnic_type === "normal" && type === "macvtap")
    found.push([
      "vnic_type",
      "is connected by macvtap",
      "Its network has the type macvtap. Write vnic_type: macvtap, or name another network.",
    ]);
  if (nic.boot_index !== undefined && hasKernel)
    found.push(["boot_index", "is not booted from", "The image has a kernel, which is booted directly. Remove boot_index."]);
  return found;
}
