import type { FieldValue } from "../../terms/domain-state.ts";

/** The values below a path of the hardware, by the rest of their paths: `cpu.features` gives `vmx`. */
export function named(values: Readonly<Record<string, FieldValue>>, path: string): [string, FieldValue][] {
  return Object.entries(values).flatMap(([name, value]) =>
    name.startsWith(`${path}.`) ? [[name.slice(path.length + 1), value] satisfies [string, FieldValue]] : [],
  );
}
