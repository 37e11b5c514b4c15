import { cpuNumbers } from "../fields/cpu-set.ts";
import { named } from "../fields/named.ts";
import type { Hardware, Mistake } from "./hardware.ts";

/** What is wrong with the host CPUs that virtual CPUs run on. */
export function pinningMistakes({ values, flavor, facts }: Hardware): Mistake[] {
  const most = Math.max(flavor.vcpus, Number(values["max_vcpus"] ?? 0));
  const pins = named(values, "cpu_pinning");
  const outside = (cpus: string) => cpuNumbers(cpus).filter((cpu) => cpu >= facts.cpus);
  const host = `The host has CPUs 0 to ${facts.cpus - 1}. Name one of these.`;
  const emulator = values["emulator_pinning"];
  return [
    ...pins
      .filter(([vcpu]) => Number(vcpu) >= most)
      .map(([vcpu]) => ({
        path: `cpu_pinning.${vcpu}`,
        summary: `The guest has no virtual CPU ${vcpu}`,
        detail: `It has CPUs 0 to ${most - 1}. Remove the entry, or raise vcpus of the flavor.`,
      })),
    ...pins
      .filter(([, cpus]) => outside(String(cpus)).length > 0)
      .map(([vcpu, cpus]) => ({
        path: `cpu_pinning.${vcpu}`,
        summary: `The host has no CPU ${outside(String(cpus)).join(", ")}`,
        detail: host,
      })),
    ...(emulator === undefined || outside(String(emulator)).length === 0
      ? []
      : [{ path: "emulator_pinning", summary: `The host has no CPU ${outside(String(emulator)).join(", ")}`, detail: host }]),
  ];
}
