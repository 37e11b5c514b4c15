/** V8's flags are no interface of Node: they are set only in versions in which they were tried. */
const tried: readonly string[] = ["24"];

const flags: readonly string[] = [
  "--no-opt",
  "--invocation-count-for-maglev=2000",
  "--semi-space-growth-factor=1",
  "--no-parallel-scavenge",
];

/**
 * Prepares V8 for a program that runs for a second and not for days. Before the program is loaded, and never again: V8 rejects compiled code
 * of a process with other flags.
 *
 * - Without TurboFan. It compiles on other threads, which libvirt needs as well, and a plan ends before that pays off. Maglev stays, for
 *   functions that are called 2000 times instead of 400: it compiles on such a thread too, and a plan of a hundred guests ends before that pays off.
 * - The young generation stays as small as it begins. All states of guests survive, with which it would grow by 50 MiB. It is then collected by one thread:
 *   there is too little in it to share.
 */
export function tuneV8(): void {
  if (!tried.includes(process.versions.node.split(".")[0] ?? "")) return;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const flag of flags) setFlagsFromString(flag);
}
