import { find, textAt } from "../../../tools/xml.ts";
import { at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { machineFamily } from "./machine-family.ts";
import { set, setText } from "./write.ts";

/** What belongs to the board of one family of machines: libvirt gives another board its own. */
const board = ["devices/*/address[@type=pci]", ...["pci", "usb", "ide", "sata", "fdc"].map((type) => `devices/controller[@type=${type}]`)];

/** Name, hypervisor, architecture and machine of a guest. */
export const identityFields: readonly GuestField[] = [
  {
    path: "name",
    want: ({ domainName }) => domainName,
    owns: ["name"],
    write: (domain, value) => setText(at(domain, "name"), value),
    read: (domain) => textAt(domain, "name"),
  },
  {
    path: "virt_type",
    headline: 5,
    want: ({ virtType }) => virtType,
    owns: ["@type"],
    write: (domain, value) => set(domain, "type", value),
    read: (domain) => domain.attributes["type"],
  },
  {
    path: "arch",
    want: ({ arch }) => arch,
    owns: ["os/type@arch"],
    write: (domain, value) => set(at(domain, "os", "type"), "arch", value),
    read: (domain) => find(domain, "os", "type")?.attributes["arch"],
  },
  {
    path: "machine",
    // Of an adopted guest the machine is only compared where the configuration names it.
    want: ({ machine, values }) => values["machine"] ?? machine,
    // libvirt writes the version that an alias stands for; a later start keeps it.
    satisfied: (have, want) => machineFamily(String(have)) === want,
    owns: ["os/type@machine"],
    follows: (have, want) => (machineFamily(String(have)) === machineFamily(String(want)) ? [] : board),
    write: (domain, value) => set(at(domain, "os", "type"), "machine", value),
    read: (domain) => find(domain, "os", "type")?.attributes["machine"],
  },
];
