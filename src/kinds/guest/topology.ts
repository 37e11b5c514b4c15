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
  const divisors = (whole: number) => Array.from({ length: whole }, (_, index) => whole - index).filter((part) => whole % part === 0);
  for (const sockets of divisors(total).filter((count) => fits("sockets", count)))
    for (const cores of divisors(total / sockets).filter((count) => fits("cores", count)))
      if (fits("threads", total / sockets / cores)) return { sockets, cores, threads: total / sockets / cores };
  return undefined;
}
