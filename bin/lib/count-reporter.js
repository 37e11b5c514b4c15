/**
 * A reporter of node:test for bin/test: one line with the number of tests that passed and of those that did not.
 * A test that was skipped, left to do or cancelled has not passed: nothing is skipped silently.
 */
export default async function* countReporter(source) {
  for await (const { type, data } of source) {
    // One summary comes for each file, and one without a file name for the whole run.
    if (type !== "test:summary" || data.file !== undefined) continue;
    const { passed, failed, cancelled, skipped, todo } = data.counts;
    yield `${passed} ${failed + cancelled + skipped + todo}\n`;
  }
}
