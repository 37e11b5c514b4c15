import { find, findAll } from "../../../tools/xml.ts";
import type { InterfaceSpec } from "../../terms/spec.ts";
import { add, at } from "../draft.ts";
import type { DeviceField, DeviceFields } from "../field.ts";
import { numberOf } from "./read.ts";
import { set } from "./write.ts";

/** Network interfaces of a guest, by MAC address. */
export const interfaces: DeviceFields<InterfaceSpec> = {
  section: "interfaces",
  items: (spec) => spec.interfaces,
  key: ({ mac }) => mac,
  create: (domain, { mac }) => {
    const card = add(at(domain, "devices"), "interface");
    add(card, "mac", { address: mac });
    return card;
  },
  find: (domain) => findAll(find(domain, "devices"), "interface"),
  keyOf: (card) => (find(card, "mac")?.attributes["address"] ?? "?").toLowerCase(),
  describe: ({ type, source, model }) => [[type, source].filter(Boolean).join(" "), ...(model === undefined ? [] : [model])].join(", "),
  fields: [
    {
      name: "type",
      want: ({ type }) => type,
      write: (card, value) => set(card, "type", value),
      read: ({ attributes }) => attributes["type"],
    },
    {
      name: "source",
      want: ({ type, source }) => (type === "user" ? null : source),
      write: (card, value, { type }) => set(at(card, "source"), type === "network" ? "network" : "bridge", value),
      read: (card) => {
        const { network, bridge, dev } = find(card, "source")?.attributes ?? {};
        return network ?? bridge ?? dev;
      },
    },
    {
      name: "model",
      want: ({ model }) => model,
      write: (card, value) => set(at(card, "model"), "type", value),
      read: (card) => find(card, "model")?.attributes["type"],
    },
    {
      name: "queues",
      // Nova gives each virtual CPU one; qemu has memory slots for eight of each card.
      want: ({ model, type }, { values, vcpus }) =>
        model === "virtio" && type !== "user" && values["vif_multiqueue"] === true && vcpus > 1 ? Math.min(vcpus, 8) : null,
      write: (card, value) => set(set(at(card, "driver"), "name", "vhost"), "queues", value),
      read: (card) => numberOf(find(card, "driver")?.attributes["queues"]),
    },
    {
      name: "packed",
      want: ({ model }, { values }) => (model === "virtio" && values["packed_ring"] === true ? "on" : null),
      write: (card, value) => set(at(card, "driver"), "packed", value),
      read: (card) => find(card, "driver")?.attributes["packed"],
    },
    // Nova XML-12.
    ...["inbound", "outbound"].flatMap((direction) =>
      ["average", "peak", "burst"].map((metric): DeviceField<InterfaceSpec> => {
        const name = `${direction}_${metric}`;
        return {
          name,
          want: (_card, { values }) => values[`quota.vif_${name}`] ?? null,
          write: (card, value) => set(at(card, "bandwidth", direction), metric, value),
          read: (card) => numberOf(find(card, "bandwidth", direction)?.attributes[metric]),
        };
      }),
    ),
  ],
};
