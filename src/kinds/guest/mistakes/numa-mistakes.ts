import { formatQuantity } from "../../../model/quantity.ts";
import { cpuNumbers } from "../fields/cpu-set.ts";
import { numaNodes } from "../numa-nodes.ts";
import type { Hardware, Mistake } from "./hardware.ts";

/** What is wrong with NUMA nodes. */
export function numaMistakes({ values, flavor }: Hardware): Mistake[] {
  const { vcpus, ram: memory } = flavor;
  const nodes = numaNodes({ values, vcpus, memory });
  if (nodes.length === 0) return [];
  const path = values["numa_nodes"] === undefined ? "numa" : "numa_nodes";
  const found: Mistake[] = [];
  const most = Math.max(vcpus, Number(values["max_vcpus"] ?? 0));
  const cpus = nodes.flatMap((node) => cpuNumbers(node.cpus)).sort((one, other) => one - other);
  if (cpus.length !== most || cpus.some((cpu, index) => cpu !== index))
    found.push({
      path,
      summary: "The NUMA nodes do not have each virtual CPU once",
      detail: `They have ${nodes.map((node) => node.cpus).join(" and ")}, and the guest has CPUs 0 to ${most - 1}. Write each of them in exactly one node.`,
    });
  const whole = Math.max(memory, Number(values["max_ram"] ?? 0));
  const sum = nodes.reduce((total, node) => total + node.memory, 0);
  if (sum !== whole)
    found.push({
      path,
      summary: `The NUMA nodes have ${formatQuantity(sum)} of ${formatQuantity(whole)}`,
      detail: "Together they must have the memory of the guest. Change memory of a node, or ram of the flavor.",
    });
  return found;
}
