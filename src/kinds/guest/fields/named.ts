import type { FieldValue } from "../../terms/domain-state.ts";

/** The values below a path of the hardware, by the rest of their paths: `cpu.features` gives `vmx`. */
export function named(values: Readonly<Record<string, FieldValue>>, path: string): [string, FieldValue][] {
  const own = Object.keys(values).filter((name) => name.startsWith(`${path}.`));
  return own.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [[name.slice(path.length + 1), value] satisfies [string, FieldValue]];
  });
}
