import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const source = JSON.stringify(new URL("../../../bin/lib/tune-v8.ts", import.meta.url).href);

/** Keeps a million objects, as a look at many guests does, and prints the size of the young generation in MiB, and whether a cache is accepted. */
const script = (tuning: { readonly onlyLooks: boolean } | undefined) => `
import v8 from "node:v8";
import vm from "node:vm";
const { tuneV8, keepYoungGeneration, withFlagsOfStart } = await import(${source});
${tuning === undefined ? "" : `tuneV8(${JSON.stringify(tuning)});`}
const script = new vm.Script("1 + 1");
${tuning === undefined ? "" : "keepYoungGeneration();"}
const kept = [];
for (let round = 0; round < 100; round += 1) {
  for (let index = 0; index < 10_000; index += 1) kept.push({ round, index });
  await new Promise((resolve) => setTimeout(resolve, 3));
}
const young = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space").space_size / 2 ** 20;
console.log(JSON.stringify({ young, cache: withFlagsOfStart(() => script.createCachedData()).toString("base64") }));
`;

const accepted = (cache: string, tuning: { readonly onlyLooks: boolean }) => `
import vm from "node:vm";
const { tuneV8, keepYoungGeneration, withFlagsOfStart } = await import(${source});
tuneV8(${JSON.stringify(tuning)});
const rejected = () => withFlagsOfStart(() => new vm.Script("1 + 1", { cachedData: Buffer.from("${cache}", "base64") }).cachedDataRejected);
const atStart = rejected();
keepYoungGeneration();
console.log(JSON.stringify({ rejected: [atStart, rejected()] }));
`;

const run = (text: string) => JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", text], { encoding: "utf8" }));

for (const onlyLooks of [true, false]) {
  test(`the young generation stays small, and compiled code that the process leaves is accepted by the next: ${onlyLooks ? "a plan" : "an apply"}`, () => {
    const { young, cache } = run(script({ onlyLooks })) as { young: number; cache: string };
    assert.ok(young <= 4, `${young} MiB`);
    assert.ok((run(script(undefined)) as { young: number }).young > 4, "it would grow");
    assert.deepEqual(run(accepted(cache, { onlyLooks })), { rejected: [false, false] }, "at the start, and of what is loaded later");
  });
}
