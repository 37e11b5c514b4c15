/** A list of CPUs, as libvirt and Nova write it. */
export const cpuSetPattern = "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$";

/** A list of CPUs. */
export function cpuSetSchema(description: string) {
  return {
    type: "string",
    description,
    pattern: cpuSetPattern,
    expects: "a list of CPUs in quotes, such as '0-3,8'",
    examples: ["0-3,8"],
  } as const;
}
