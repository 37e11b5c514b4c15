/** V8's flags are no interface of Node: they are set only in versions in which they were tried. */
const tried: readonly string[] = ["24"];
/** How much larger than what is in use V8 lets its heap become before it looks for garbage. Usually up to four times. */
const flag = "heap-growing-percent";
const percent = 20;

/**
 * Makes V8 collect garbage earlier until the result is disposed of. A frame is nothing but garbage once it is drawn, several MiB of it each, and
 * otherwise stays until the heap is three times as large.
 */
export function keepHeapSmall(): Disposable {
  const set = (value: number) => {
    if (!tried.includes(process.versions.node.split(".")[0] ?? "")) return;
    process.getBuiltinModule("node:v8").setFlagsFromString(`--${flag}=${value}`);
  };
  set(percent);
  // 0 is V8's own way.
  return { [Symbol.dispose]: () => set(0) };
}
