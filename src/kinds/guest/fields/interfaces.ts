import { find, findAll, type XmlElement } from "../../../tools/xml.ts";
import type { InterfaceSpec } from "../../terms/spec.ts";
import { isTapName, portId, tapName } from "../../terms/tap-name.ts";
import { add, at } from "../draft.ts";
import type { DeviceField, DeviceFields } from "../field.ts";
import { hotInterfaces } from "../live/interfaces.ts";
import { filterText, learnsByDhcp } from "./port-filter.ts";
import { numberOf } from "./read.ts";
import { set } from "./write.ts";

/** What says more about the network that an interface is in. */
const placed = ["source@portgroup", "source@portid", "source@mode", "virtualport"];

/** The VLAN of an interface; of one with several or with a mode, all of them. */
function vlanOf(vlan: XmlElement | undefined): number | string | undefined {
  if (vlan === undefined) return undefined;
  const tags = findAll(vlan, "tag").map(({ attributes }) => Object.values(attributes).join(" "));
  const [tag = ""] = tags;
  return tags.length === 1 && /^\d+$/.test(tag) && Object.keys(vlan.attributes).length === 0 ? Number(tag) : `trunk ${tags.join(", ")}`;
}

/** Network interfaces of a guest, by MAC address. */
export const interfaces: DeviceFields<InterfaceSpec> = {
  section: "interfaces",
  ofAdopted: true,
  items: (spec) => spec.interfaces,
  key: ({ mac }) => mac,
  at: "devices/interface",
  owns: ["mac@address"],
  shape: (card, { mac }) => set(at(card, "mac"), "address", mac),
  keyOf: (card) => (find(card, "mac")?.attributes["address"] ?? "?").toLowerCase(),
  hotplug: hotInterfaces,
  describe: ({ type, source, model, filter = "none" }) =>
    [[type, source].filter(Boolean).join(" "), ...(model === undefined ? [] : [model]), ...(filter === "none" ? [] : ["filtered"])].join(
      ", ",
    ),
  fields: [
    {
      name: "type",
      want: ({ type }) => type,
      owns: ["@type"],
      follows: [...placed, "target@dev"],
      write: (card, value) => set(card, "type", value),
      // In a network of a bridge or a card of the host, libvirt says about a running guest what it is connected to by that: `bridge`, `direct`.
      read: (card) => (find(card, "source")?.attributes["network"] === undefined ? card.attributes["type"] : "network"),
    },
    {
      name: "source",
      want: ({ type, source }) => (type === "user" ? null : source),
      owns: ["source@network", "source@bridge", "source@dev"],
      follows: placed,
      write: (card, value, { type }) => set(at(card, "source"), type === "network" ? "network" : "bridge", value),
      read: (card) => {
        const { network, bridge, dev } = find(card, "source")?.attributes ?? {};
        return network ?? bridge ?? dev;
      },
    },
    {
      name: "model",
      // A container has one end of a pair of virtual interfaces.
      want: ({ model }, { virtType }) => (virtType === "lxc" ? null : model),
      owns: ["model@type"],
      follows: ["address"],
      write: (card, value) => set(at(card, "model"), "type", value),
      read: (card) => find(card, "model")?.attributes["type"],
    },
    {
      name: "link",
      notable: true,
      want: ({ link }) => (link === "down" ? link : null),
      owns: ["link@state"],
      write: (card, value) => set(at(card, "link"), "state", value),
      read: (card) => (find(card, "link")?.attributes["state"] === "down" ? "down" : undefined),
    },
    {
      name: "filter",
      onlyIfSet: true,
      want: ({ filter }) => (filter === null || filter === "none" ? filter : filter.filter),
      satisfied: (have, want) => have === undefined && want === "none",
      owns: ["filterref"],
      write: (card, value) => {
        if (value === "none") return;
        const filter = at(card, "filterref");
        set(filter, "filter", value);
        for (const [name, of] of learnsByDhcp) add(filter, "parameter", { name, value: of });
      },
      read: (card) => filterText(find(card, "filterref")),
    },
    {
      // Nova XML-17: the id of the port, by which an Open vSwitch and its controllers know it. Without it libvirt makes another one with each start.
      name: "interface_id",
      onlyIfSet: true,
      want: ({ switched, mac }, { uuid, adopted }) => (switched === true && !adopted ? portId(uuid, mac) : null),
      running: "none",
      // Definitions of earlier versions have none until they are changed.
      satisfied: (have) => have === undefined,
      owns: ["virtualport/parameters@interfaceid"],
      write: (card, value) => set(at(card, "virtualport", "parameters"), "interfaceid", value),
      read: (card) => find(card, "virtualport", "parameters")?.attributes["interfaceid"],
    },
    {
      // Nova XML-18: stable, so that other programs of the host know the device of a port. libvirt names those of earlier definitions itself.
      name: "target",
      running: "none",
      want: ({ type, mac }, { uuid, adopted }) => (type === "user" || adopted ? null : tapName(uuid, mac)),
      satisfied: (have) => have === undefined,
      write: (card, value) => {
        const target = at(card, "target");
        if (target.attributes["dev"] === undefined || isTapName(target.attributes["dev"])) set(target, "dev", value);
      },
      read: (card) => {
        const dev = find(card, "target")?.attributes["dev"];
        return dev !== undefined && isTapName(dev) ? dev : undefined;
      },
    },
    {
      name: "mtu",
      onlyIfSet: true,
      // That of its network.
      givenAtStart: true,
      want: ({ port }) => port?.mtu ?? null,
      owns: ["mtu@size"],
      write: (card, value) => set(at(card, "mtu"), "size", value),
      read: (card) => numberOf(find(card, "mtu")?.attributes["size"]),
    },
    {
      name: "vlan",
      onlyIfSet: true,
      // That of its network.
      givenAtStart: true,
      want: ({ port }) => port?.trunk ?? port?.vlan ?? null,
      owns: ["vlan"],
      write: (card, value) => {
        const trunk = typeof value === "string" ? /^trunk (.*)$/.exec(value)?.[1] : undefined;
        if (trunk === undefined) return set(at(card, "vlan", "tag"), "id", value);
        const vlan = at(card, "vlan");
        set(vlan, "trunk", "yes");
        for (const tag of trunk.split(", ")) {
          const [id = "", mode] = tag.split(" ");
          add(vlan, "tag", { id, ...(mode === undefined ? {} : { nativeMode: mode }) });
        }
      },
      read: (card) => vlanOf(find(card, "vlan")),
    },
    {
      name: "trust",
      onlyIfSet: true,
      want: ({ port }) => (port?.trust == null ? null : port.trust ? "yes" : "no"),
      satisfied: (have, want) => have === undefined && want === "no",
      owns: ["@trustGuestRxFilters"],
      write: (card, value) => set(card, "trustGuestRxFilters", value),
      read: ({ attributes }) => attributes["trustGuestRxFilters"],
    },
    {
      name: "boot",
      onlyIfSet: true,
      want: ({ port }) => port?.bootOrder ?? null,
      owns: ["boot@order"],
      write: (card, value) => set(at(card, "boot"), "order", value),
      read: (card) => numberOf(find(card, "boot")?.attributes["order"]),
    },
    {
      name: "queues",
      onlyIfSet: true,
      // Nova gives each virtual CPU one; qemu has memory slots for eight of each card.
      want: ({ model, type, port }, { values, vcpus }) =>
        port?.queues ??
        (model === "virtio" && type !== "user" && values["vif_multiqueue"] === true && vcpus > 1 ? Math.min(vcpus, 8) : null),
      owns: ["driver@queues"],
      write: (card, value) => set(at(card, "driver"), "queues", value),
      read: (card) => numberOf(find(card, "driver")?.attributes["queues"]),
    },
    {
      name: "packed",
      onlyIfSet: true,
      want: ({ model }, { values }) => (model === "virtio" && values["packed_ring"] === true ? "on" : null),
      owns: ["driver@packed"],
      write: (card, value) => set(at(card, "driver"), "packed", value),
      read: (card) => find(card, "driver")?.attributes["packed"],
    },
    // Nova XML-12.
    ...["inbound", "outbound"].flatMap((direction) =>
      ["average", "peak", "burst"].map((metric): DeviceField<InterfaceSpec> => {
        const name = `${direction}_${metric}`;
        return {
          name,
          onlyIfSet: true,
          want: ({ port }, { values }) => (port?.bandwidth == null ? values[`quota.vif_${name}`] : port.bandwidth[name]) ?? null,
          owns: [`bandwidth/${direction}@${metric}`],
          write: (card, value) => set(at(card, "bandwidth", direction), metric, value),
          read: (card) => numberOf(find(card, "bandwidth", direction)?.attributes[metric]),
        };
      }),
    ),
  ],
};
