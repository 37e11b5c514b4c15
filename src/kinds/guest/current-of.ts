/** The field with the current value of a maximum. A maximum is absent where it is the same. */
export const currentOf: Readonly<Record<string, string>> = { max_memory: "memory", max_vcpus: "vcpus" };
