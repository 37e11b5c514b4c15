import { find, findAll, textAt } from "../../../tools/xml.ts";
import { add, at } from "../draft.ts";
import type { DeviceFields, GuestField } from "../field.ts";
import { topologyOf } from "../topology.ts";
import { cpuSet } from "./cpu-set.ts";
import { isX86 } from "./is-x86.ts";
import { named } from "./named.ts";
import { numberOf } from "./read.ts";
import { set, setText } from "./write.ts";

const usualTopology = topologyText(1, 1);

/** Processors of a guest. */
export const cpuFields: readonly GuestField[] = [
  {
    path: "vcpus",
    headline: 3,
    want: ({ vcpus }) => vcpus,
    write: (domain, value) => setText(at(domain, "vcpu"), value),
    read: (domain) => numberOf(find(domain, "vcpu")?.attributes["current"]) ?? Number(textAt(domain, "vcpu") ?? 1),
  },
  {
    path: "max_vcpus",
    want: ({ values, vcpus }) => {
      const most = Number(values["max_vcpus"] ?? 0);
      return most > vcpus ? most : null;
    },
    write: (domain, value, { vcpus }) => setText(set(at(domain, "vcpu"), "current", vcpus), value),
    read: (domain) => {
      const most = Number(textAt(domain, "vcpu") ?? 1);
      return (numberOf(find(domain, "vcpu")?.attributes["current"]) ?? most) === most ? undefined : most;
    },
  },
  {
    path: "cpu",
    // Nova XML-09. An emulated guest gets all that qemu can emulate: recent guests refuse its oldest processor.
    want: ({ virtType, arch, values }) =>
      values["cpu.model"] !== undefined
        ? "custom"
        : (values["cpu.mode"] ?? (virtType === "qemu" ? "maximum" : isX86(arch) ? "host-model" : "host-passthrough")),
    write: (domain, value) => {
      const cpu = set(at(domain, "cpu"), "mode", value);
      if (value === "custom") set(cpu, "match", "exact");
    },
    read: (domain) => find(domain, "cpu")?.attributes["mode"],
  },
  {
    path: "cpu_model",
    want: ({ values }) => values["cpu.model"] ?? null,
    write: (domain, value) => set(setText(at(domain, "cpu", "model"), value), "fallback", "forbid"),
    // Of another mode than custom the model is what libvirt found.
    read: (domain) => (find(domain, "cpu")?.attributes["mode"] === "custom" ? textAt(domain, "cpu", "model") || undefined : undefined),
  },
  {
    path: "cpu_address",
    want: ({ values }) => {
      const mode = values["cpu.address_mode"];
      return mode === undefined ? null : addressText(String(mode), values["cpu.address_bits"]);
    },
    write: (domain, value) => {
      const [mode = "", bits] = String(value).split(" ");
      const element = set(at(domain, "cpu", "maxphysaddr"), "mode", mode);
      if (bits !== undefined) set(element, "bits", bits);
    },
    read: (domain) => {
      const { mode, bits } = find(domain, "cpu", "maxphysaddr")?.attributes ?? {};
      return mode === undefined ? undefined : addressText(mode, bits);
    },
  },
  {
    path: "topology",
    usual: usualTopology,
    want: (spec) => {
      const { cores = 1, threads = 1 } = topologyOf(spec) ?? {};
      return topologyText(cores, threads);
    },
    write: (domain, _value, spec) =>
      add(at(domain, "cpu"), "topology", { ...(topologyOf(spec) ?? { sockets: spec.vcpus, cores: 1, threads: 1 }) }),
    read: (domain) => {
      const { cores, threads } = find(domain, "cpu", "topology")?.attributes ?? {};
      return cores === undefined || threads === undefined ? undefined : topologyText(cores, threads);
    },
  },
  {
    path: "emulator_pinning",
    want: ({ values }) => (values["emulator_pinning"] === undefined ? null : cpuSet(String(values["emulator_pinning"]))),
    write: (domain, value) => set(at(domain, "cputune", "emulatorpin"), "cpuset", value),
    read: (domain) => cpuSetOf(find(domain, "cputune", "emulatorpin")?.attributes["cpuset"]),
  },
  // Nova XML-12.
  ...(["shares", "period", "quota"] as const).map(
    (name): GuestField => ({
      path: `quota.cpu_${name}`,
      want: ({ values }) => values[`quota.cpu_${name}`] ?? null,
      write: (domain, value) => setText(at(domain, "cputune", name), value),
      read: (domain) => numberOf(textAt(domain, "cputune", name)),
    }),
  ),
];

/** Host CPUs that each virtual CPU may run on, by its number. */
export const pinnings: DeviceFields<{ readonly vcpu: string; readonly cpus: string }> = {
  section: "cpu_pinning",
  items: ({ values }) => named(values, "cpu_pinning").map(([vcpu, cpus]) => ({ vcpu, cpus: cpuSet(String(cpus)) })),
  key: ({ vcpu }) => vcpu,
  create: (domain, { vcpu }) => add(at(domain, "cputune"), "vcpupin", { vcpu }),
  find: (domain) => findAll(find(domain, "cputune"), "vcpupin"),
  keyOf: ({ attributes }) => attributes["vcpu"] ?? "?",
  fields: [
    {
      name: "cpus",
      want: ({ cpus }) => cpus,
      write: (pin, value) => set(pin, "cpuset", value),
      read: ({ attributes }) => cpuSetOf(attributes["cpuset"]),
    },
  ],
};

/** Features of the processor, by name. */
export const cpuFeatures: DeviceFields<{ readonly name: string; readonly policy: string }> = {
  section: "cpu_features",
  items: ({ values }) => named(values, "cpu.features").map(([name, policy]) => ({ name, policy: String(policy) })),
  key: ({ name }) => name,
  create: (domain, { name }) => add(at(domain, "cpu"), "feature", { name }),
  find: (domain) => findAll(find(domain, "cpu"), "feature"),
  keyOf: ({ attributes }) => attributes["name"] ?? "?",
  fields: [
    {
      name: "policy",
      want: ({ policy }) => policy,
      write: (feature, value) => set(feature, "policy", value),
      read: ({ attributes }) => attributes["policy"] ?? "require",
    },
  ],
};

/** Sockets follow from the number of processors. */
function topologyText(cores: string | number, threads: string | number): string {
  return `cores ${cores}, threads ${threads}`;
}

function addressText(mode: string, bits: string | number | boolean | undefined): string {
  return bits === undefined ? mode : `${mode} ${bits}`;
}

function cpuSetOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cpuSet(text);
}
