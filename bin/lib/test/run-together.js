// Runs the test files that are its arguments one after the other in this process, so that modules are loaded once for all of them. bin/lib/test/main.ts
// starts it with set-up-process.js and with together-reporter.js, which reports each file.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { endedChildren } from "./cpu-time.ts";
import { markerOf, times } from "./together-reporter.js";

/** What a file has to leave as it was, as the next file sees it. */
function surroundings() {
  return { directory: process.cwd(), umask: process.umask(), environment: { ...process.env } };
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + endedChildren();
}

/** Errors that belong to no test, since the file before was over. Those of set-up-process.js fail the process only. */
let uncaught = [];
for (const event of ["uncaughtExceptionMonitor", "unhandledRejection"]) process.on(event, (error) => uncaught.push(error));

for (const path of process.argv.slice(2)) {
  const before = surroundings();
  const [started, used] = [performance.now(), cpuSeconds()];
  const loaded = Promise.withResolvers();
  // As in a process of its own, no test starts before the whole file is loaded.
  test(markerOf(path, "begin"), () => loaded.promise);
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    test(`${path} is loaded`, () => {
      throw error;
    });
  }
  loaded.resolve();
  // Tests run in the order in which they were written: those of the file are over when this one starts.
  let after;
  await test(markerOf(path, "over"), async () => {
    // What a test has left to this turn of the event loop is still its own.
    await turn();
    after = surroundings();
  });
  try {
    assert.deepEqual(after, before);
  } catch (error) {
    test(`${path} leaves its process as it was`, () => {
      throw error;
    });
  }
  for (const error of uncaught)
    test(`${path} leaves no error uncaught`, () => {
      throw error;
    });
  uncaught = [];
  await test(markerOf(path, "end"), () => {
    times.set(path, { seconds: (performance.now() - started) / 1000, cpu: cpuSeconds() - used });
  });
}
