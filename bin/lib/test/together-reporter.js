import { compose, Readable } from "node:stream";
import { spec as Spec } from "node:test/reporters";

/** Seconds and CPU seconds of each file that has ended, by path; run-together.js writes them. */
export const times = new Map();

/** Name of a test that run-together.js writes before and after those of a file. */
export function markerOf(path, place) {
  return `run-together: ${place} of ${path}`;
}

/**
 * A reporter of node:test for run-together.js: a line of JSON for each file that has ended, with its path, seconds, CPU seconds, numbers of tests
 * that passed and of those that did not, and what the reporter `spec` writes about it.
 */
export default async function* togetherReporter(source) {
  const paths = process.argv.slice(2);
  const markers = new Set(paths.flatMap((path) => ["begin", "over", "end"].map((place) => markerOf(path, place))));
  let events = [];
  for await (const event of source) {
    const { type, data } = event;
    if (data.nesting !== 0 || !markers.has(data.name)) {
      events.push(event);
      continue;
    }
    const path = paths.find((one) => data.name === markerOf(one, "end"));
    if (path === undefined || type !== "test:pass") continue;
    yield `${JSON.stringify({ path, ...times.get(path), ...countsOf(events), text: await textOf(events) })}\n`;
    events = [];
  }
}

/** A test that was skipped or left to do has not passed, as for count-reporter.js. */
function countsOf(events) {
  const ended = events.filter(({ type, data }) => /^test:(pass|fail)$/.test(type) && data.details.type !== "suite");
  const passed = ended.filter(({ type, data }) => type === "test:pass" && data.skip === undefined && data.todo === undefined).length;
  return { passed, failed: ended.length - passed };
}

async function textOf(events) {
  return (await compose(Readable.from(events), new Spec()).toArray()).join("");
}
