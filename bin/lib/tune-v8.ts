/** V8's flags are no interface of Node: they are set only in versions in which they were tried. */
const tried: readonly string[] = ["24"];

const flags: readonly string[] = ["--no-opt", "--invocation-count-for-maglev=2000", "--no-parallel-scavenge"];
/** Of a command that only looks. */
const flagsOfLook: readonly string[] = ["--incremental-marking-soft-trigger=99", "--incremental-marking-hard-trigger=99"];
/** By what the young generation grows when it has grown at all. */
const growth = { atStart: "--semi-space-growth-factor=4", later: "--semi-space-growth-factor=1" };
let isKept = false;
const isTried = tried.includes(process.versions.node.split(".")[0] ?? "");

/**
 * Prepares V8 for a program that runs for a second and not for days. Before the program is loaded: V8 rejects compiled code of a process with other
 * flags.
 *
 * - Without TurboFan. It compiles on other threads, which libvirt needs as well, and a plan ends before that pays off. Maglev stays, for
 *   functions that are called 2000 times instead of 400: it compiles on such a thread too, and a plan of a hundred guests ends before that pays off.
 * - The old generation of a command that only looks is marked when it has reached its limit, and not when it comes near: a plan of a hundred guests
 *   ends before. An apply in a terminal would take 20 MiB more.
 * - The young generation is collected by one thread: there is too little in it to share.
 */
export function tuneV8({ onlyLooks }: { readonly onlyLooks: boolean }): void {
  for (const flag of [...flags, growth.atStart, ...(onlyLooks ? flagsOfLook : [])]) set(flag);
}

/**
 * Keeps the young generation as large as it became while the program was loaded, a few MiB: a quarter of the collections with the size that it begins with.
 * All states of guests survive, with which it would grow by 50 MiB.
 */
export function keepYoungGeneration(): void {
  isKept = true;
  set(growth.later);
}

/** Compiles code, or writes V8's cache, with the flags of the start: V8 compares them. */
export function withFlagsOfStart<T>(work: () => T): T {
  if (!isKept) return work();
  set(growth.atStart);
  try {
    return work();
  } finally {
    set(growth.later);
  }
}

function set(flag: string): void {
  if (isTried) process.getBuiltinModule("node:v8").setFlagsFromString(flag);
}
