import { find, textAt } from "../../../tools/xml.ts";
import { at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { normalMachine } from "./normal-machine.ts";
import { set, setText } from "./write.ts";

/** Name, hypervisor, architecture and machine of a guest. */
export const identityFields: readonly GuestField[] = [
  {
    path: "name",
    want: ({ instance }) => instance,
    write: (domain, value) => setText(at(domain, "name"), value),
    read: (domain) => textAt(domain, "name"),
  },
  {
    path: "virt_type",
    headline: 5,
    want: ({ virtType }) => virtType,
    write: (domain, value) => set(domain, "type", value),
    read: (domain) => domain.attributes["type"],
  },
  {
    path: "arch",
    want: ({ arch }) => arch,
    write: (domain, value) => set(at(domain, "os", "type"), "arch", value),
    read: (domain) => find(domain, "os", "type")?.attributes["arch"],
  },
  {
    path: "machine",
    want: ({ machine }) => normalMachine(machine),
    write: (domain, _value, { machine }) => set(at(domain, "os", "type"), "machine", machine),
    read: (domain) => normalMachine(find(domain, "os", "type")?.attributes["machine"]),
  },
];
