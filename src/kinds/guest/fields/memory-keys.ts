/** What an instance or a flavor says about where the memory is kept. */
export const memoryKeys = {
  huge_pages: {
    type: "string",
    description: "Keeps the memory in huge pages of the host: default, or their size. Property: hw_mem_page_size.",
    pattern: "^(default|[1-9][0-9]*(KiB|MiB|GiB))$",
    expects: "default, or a size such as 2MiB or 1GiB",
    examples: ["2MiB"],
  },
  locked_memory: { type: "boolean", description: "Keeps the memory from being swapped. Property: hw_locked_memory.", examples: [true] },
} as const;
