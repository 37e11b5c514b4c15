/**
 * A reporter of node:test for bin/test: lines with the number of tests that passed and of those that did not; the last one is
 * for the whole run. A test that was skipped, left to do or cancelled has not passed: nothing is skipped silently.
 */
export default async function* countReporter(source) {
  for await (const { type, data } of source) {
    if (type !== "test:summary") continue;
    const { passed, failed, cancelled, skipped, todo } = data.counts;
    yield `${passed} ${failed + cancelled + skipped + todo}\n`;
  }
}
