import { find, findAll } from "../../../tools/xml.ts";
import type { InterfaceSpec } from "../../terms/spec.ts";
import { add, at } from "../draft.ts";
import type { DeviceFields } from "../field.ts";
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
  ],
};
