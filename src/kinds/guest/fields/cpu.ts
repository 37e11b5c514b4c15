import { find, textAt } from "../../../tools/xml.ts";
import { add, at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { isX86 } from "./is-x86.ts";
import { numberOf } from "./read.ts";
import { set, setText } from "./write.ts";

/** Processors of a guest. */
export const cpuFields: readonly GuestField[] = [
  {
    path: "vcpus",
    headline: 3,
    want: ({ vcpus }) => vcpus,
    owns: ["vcpu#"],
    write: (domain, value) => setText(at(domain, "vcpu"), value),
    read: (domain) => Number(textAt(domain, "vcpu") ?? 1),
    // A guest that runs keeps its maximum.
    readActive: (domain) => numberOf(find(domain, "vcpu")?.attributes["current"]) ?? Number(textAt(domain, "vcpu") ?? 1),
  },
  {
    path: "current_vcpus",
    owns: ["vcpu@current"],
    read: (domain) => numberOf(find(domain, "vcpu")?.attributes["current"]),
    readActive: () => undefined,
  },
  {
    path: "cpu",
    // Nova XML-09. An emulated guest gets all that qemu can emulate: recent guests refuse its oldest processor.
    want: ({ virtType, arch }) => (virtType === "qemu" ? "maximum" : isX86(arch) ? "host-model" : "host-passthrough"),
    owns: ["cpu@mode"],
    follows: ["cpu@match", "cpu@check", "cpu@migratable", "cpu/model"],
    write: (domain, value) => set(at(domain, "cpu"), "mode", value),
    read: (domain) => find(domain, "cpu")?.attributes["mode"],
  },
  {
    path: "topology",
    fixed: true,
    want: () => topologyText("1", "1"),
    owns: ["cpu/topology"],
    write: (domain, _value, { vcpus }) => add(at(domain, "cpu"), "topology", { sockets: vcpus, cores: 1, threads: 1 }),
    read: (domain) => {
      const { cores, threads } = find(domain, "cpu", "topology")?.attributes ?? {};
      return cores === undefined || threads === undefined ? undefined : topologyText(cores, threads);
    },
  },
];

/** Sockets follow from the number of processors. */
function topologyText(cores: string, threads: string): string {
  return `cores ${cores}, threads ${threads}`;
}
