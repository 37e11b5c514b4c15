import type { DomainSpec } from "../terms/spec.ts";

/** How the virtual CPUs of a guest are arranged. */
export interface Topology {
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

/**
 * The arrangement of all virtual CPUs, those that are off at first included, that has the wanted counts and keeps to the limits: the one
 * with the most sockets, then the most cores (Nova XML-09). Undefined when none does.
 */
export function topologyOf({ values, vcpus }: Pick<DomainSpec, "values" | "vcpus">): Topology | undefined {
  const number = (name: string) => (values[name] === undefined ? undefined : Number(values[name]));
  const total = Math.max(vcpus, number("max_vcpus") ?? 0);
  const fits = (name: string, count: number) =>
    (number(`cpu.topology.${name}`) ?? count) === count && count <= (number(`cpu.topology.max_${name}`) ?? count);
  for (let sockets = total; sockets > 0; sockets -= 1) {
    if (total % sockets !== 0 || !fits("sockets", sockets)) continue;
    const each = total / sockets;
    for (let cores = each; cores > 0; cores -= 1)
      if (each % cores === 0 && fits("cores", cores) && fits("threads", each / cores)) return { sockets, cores, threads: each / cores };
  }
  return undefined;
}
