import type { DomainSpec } from "../terms/spec.ts";

/** One NUMA node of a guest. Memory in bytes. */
export interface NumaNode {
  readonly id: number;
  /** Its virtual CPUs: `0-1`. */
  readonly cpus: string;
  readonly memory: number;
}

/**
 * The NUMA nodes of a guest (Nova XML-09): those that are written one by one, or `numa_nodes` of equal size, the first ones with what does
 * not divide. None without either.
 */
export function numaNodes({ values, vcpus, memory }: Pick<DomainSpec, "values" | "vcpus" | "memory">): NumaNode[] {
  if (!hasNuma(values)) return [];
  const most = Math.max(vcpus, Number(values["max_vcpus"] ?? 0));
  const whole = Math.max(memory, Number(values["max_ram"] ?? 0));
  const written = new Set(Object.keys(values).flatMap((path) => /^numa\.(\d+)\./.exec(path)?.[1] ?? []));
  const count = Math.max(Number(values["numa_nodes"] ?? 0), written.size);
  const [cpus, mebibytes] = [shares(most, count), shares(Math.floor(whole / 2 ** 20), count)];
  return Array.from({ length: count }, (_, id) => {
    const first = cpus.slice(0, id).reduce((sum, one) => sum + one, 0);
    const own = cpus[id] ?? 0;
    return {
      id,
      cpus: String(values[`numa.${id}.cpus`] ?? (own < 2 ? first : `${first}-${first + own - 1}`)),
      memory: Number(values[`numa.${id}.memory`] ?? (mebibytes[id] ?? 0) * 2 ** 20),
    };
  });
}

/** Whether the settings name NUMA nodes. Those of most guests do not. */
function hasNuma(values: DomainSpec["values"]): boolean {
  for (const path in values) if (path.startsWith("numa")) return true;
  return false;
}

function shares(whole: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.floor(whole / count) + (index < whole % count ? 1 : 0));
}
