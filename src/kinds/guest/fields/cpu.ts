import { find, textAt } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { add, at } from "../draft.ts";
import type { DeviceFields, GuestField } from "../field.ts";
import { liveCpuShare } from "../live/limits.ts";
import { liveVcpus } from "../live/vcpus.ts";
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
    ofAdopted: true,
    headline: 3,
    running: liveVcpus,
    want: ({ vcpus }) => vcpus,
    owns: ["vcpu#"],
    write: (domain, value) => setText(at(domain, "vcpu"), value),
    read: (domain) => numberOf(find(domain, "vcpu")?.attributes["current"]) ?? Number(textAt(domain, "vcpu") ?? 1),
  },
  {
    path: "max_vcpus",
    ofAdopted: true,
    want: ({ values, vcpus }) => {
      const most = Number(values["max_vcpus"] ?? 0);
      return most > vcpus ? most : null;
    },
    owns: ["vcpu@current"],
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
    owns: ["cpu@mode"],
    follows: ["cpu@match", "cpu@check", "cpu@migratable", "cpu/model"],
    write: (domain, value) => {
      const cpu = set(at(domain, "cpu"), "mode", value);
      if (value === "custom") set(cpu, "match", "exact");
    },
    read: (domain) => find(domain, "cpu")?.attributes["mode"],
  },
  {
    path: "cpu_model",
    onlyIfSet: true,
    want: ({ values }) => values["cpu.model"] ?? null,
    owns: ["cpu/model"],
    write: (domain, value) => set(setText(at(domain, "cpu", "model"), value), "fallback", "forbid"),
    // Of another mode than custom the model is what libvirt found.
    read: (domain) => (find(domain, "cpu")?.attributes["mode"] === "custom" ? textAt(domain, "cpu", "model") || undefined : undefined),
  },
  {
    path: "cpu_address",
    onlyIfSet: true,
    want: ({ values }) => {
      const mode = values["cpu.address_mode"];
      return mode === undefined ? null : addressText(String(mode), values["cpu.address_bits"]);
    },
    owns: ["cpu/maxphysaddr"],
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
    owns: ["cpu/topology"],
    write: (domain, _value, spec) =>
      add(at(domain, "cpu"), "topology", { ...(topologyOf(spec) ?? { sockets: spec.vcpus, cores: 1, threads: 1 }) }),
    read: (domain) => {
      const { cores, threads } = find(domain, "cpu", "topology")?.attributes ?? {};
      return cores === undefined || threads === undefined ? undefined : topologyText(cores, threads);
    },
  },
  {
    path: "emulator_pinning",
    onlyIfSet: true,
    want: ({ values }) => (values["emulator_pinning"] === undefined ? null : cpuSet(String(values["emulator_pinning"]))),
    owns: ["cputune/emulatorpin"],
    write: (domain, value) => set(at(domain, "cputune", "emulatorpin"), "cpuset", value),
    read: (domain) => cpuSetOf(find(domain, "cputune", "emulatorpin")?.attributes["cpuset"]),
  },
  // Nova XML-12.
  ...(["shares", "period", "quota"] as const).map(
    (name): GuestField => ({
      path: `quota.cpu_${name}`,
      onlyIfSet: true,
      running: liveCpuShare,
      want: (spec) => spec.values[`quota.cpu_${name}`] ?? containerShare(name, spec),
      owns: [`cputune/${name}`],
      write: (domain, value) => setText(at(domain, "cputune", name), value),
      read: (domain) => numberOf(textAt(domain, "cputune", name)),
    }),
  ),
];

/** Microseconds. */
const containerPeriod = 100_000;

/** A container sees every processor of the host; its `vcpus` is how much time of them it gets. Null for a virtual machine. */
function containerShare(name: "shares" | "period" | "quota", { virtType, vcpus, values }: DomainSpec): number | null {
  if (virtType !== "lxc" || name === "shares") return null;
  return name === "period" ? containerPeriod : vcpus * Number(values["quota.cpu_period"] ?? containerPeriod);
}

/** Host CPUs that each virtual CPU may run on, by its number. */
export const pinnings: DeviceFields<{ readonly vcpu: string; readonly cpus: string }> = {
  section: "cpu_pinning",
  onlyIfSet: true,
  items: ({ values }) => named(values, "cpu_pinning").map(([vcpu, cpus]) => ({ vcpu, cpus: cpuSet(String(cpus)) })),
  key: ({ vcpu }) => vcpu,
  at: "cputune/vcpupin",
  owns: ["@vcpu"],
  shape: (pin, { vcpu }) => set(pin, "vcpu", vcpu),
  keyOf: ({ attributes }) => attributes["vcpu"] ?? "?",
  fields: [
    {
      name: "cpus",
      want: ({ cpus }) => cpus,
      owns: ["@cpuset"],
      write: (pin, value) => set(pin, "cpuset", value),
      read: ({ attributes }) => cpuSetOf(attributes["cpuset"]),
    },
  ],
};

/** Features of the processor, by name. */
export const cpuFeatures: DeviceFields<{ readonly name: string; readonly policy: string }> = {
  section: "cpu_features",
  // The features of its processor beside those that were asked for.
  givenAtStart: true,
  onlyIfSet: true,
  items: ({ values }) => named(values, "cpu.features").map(([name, policy]) => ({ name, policy: String(policy) })),
  key: ({ name }) => name,
  at: "cpu/feature",
  owns: ["@name"],
  shape: (feature, { name }) => set(feature, "name", name),
  keyOf: ({ attributes }) => attributes["name"] ?? "?",
  fields: [
    {
      name: "policy",
      want: ({ policy }) => policy,
      owns: ["@policy"],
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
