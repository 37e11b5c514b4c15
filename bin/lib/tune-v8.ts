import type { HeapSpaceInfo } from "node:v8";

/** V8's flags are no interface of Node: they are set only in versions in which they were tried. */
const tried: readonly string[] = ["24"];
/** Both halves of the young generation. */
const youngBytes = 4 * 2 ** 20;
const checkMs = 10;

/**
 * Prepares V8 for a program that runs for a second and not for days, before the program is loaded. Returns what is to be done before V8's code
 * cache is written: the cache of a process with other flags is rejected.
 *
 * - Without TurboFan. It compiles on other threads, which libvirt needs as well, and a plan ends before that pays off. Maglev stays.
 * - The young generation stays small, once it has grown to what a plan of a hundred guests needs. It would take 50 MiB with a
 *   thousand guests, whose states all survive.
 */
export function tuneV8(): () => void {
  if (!tried.includes(process.versions.node.split(".")[0] ?? "")) return () => undefined;
  const v8 = process.getBuiltinModule("node:v8");
  v8.setFlagsFromString("--no-opt");
  const isYoung = ({ space_name: name }: HeapSpaceInfo) => name === "new_space";
  const timer = setInterval(() => {
    if ((v8.getHeapSpaceStatistics().find(isYoung)?.space_size ?? 0) < youngBytes) return;
    clearInterval(timer);
    v8.setFlagsFromString("--semi-space-growth-factor=1");
  }, checkMs).unref();
  return () => v8.setFlagsFromString("--semi-space-growth-factor=2");
}
