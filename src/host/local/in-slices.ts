/** About a millisecond of reading. */
const sliceLength = 64;

/**
 * Applies synchronous work to many values, in their order. Between slices the event loop takes what has arrived meanwhile: libvirt does not wait for
 * its next request until the files of a thousand guests are read.
 */
export async function inSlices<Value, Result>(values: readonly Value[], work: (value: Value) => Result): Promise<Result[]> {
  const results: Result[] = [];
  for (const value of values) {
    if (results.length > 0 && results.length % sliceLength === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    results.push(work(value));
  }
  return results;
}
