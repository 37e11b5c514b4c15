import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseProcessors, createPlaces } from "../../../../src/tools/conversion/places.ts";

test("each place is used by one at a time, and the one that has waited longest is next, also after a failure", async () => {
  const places = createPlaces([4, 7]);
  assert.equal(places.count, 2);
  const events: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const start = (name: string) => {
    const end = Promise.withResolvers<void>();
    ends.set(name, end);
    return places.at(async (processor) => {
      events.push(`${name} on ${processor}`);
      await end.promise;
    });
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const [a, b, c, d] = ["a", "b", "c", "d"].map(start);
  await settled();
  assert.deepEqual(events, ["a on 4", "b on 7"]);
  ends.get("b")?.reject(new Error("it failed"));
  await assert.rejects(Promise.resolve(b), /it failed/);
  await settled();
  assert.deepEqual(events.slice(2), ["c on 7"]);
  ends.get("a")?.resolve();
  await settled();
  assert.deepEqual(events.slice(3), ["d on 4"]);
  for (const end of ends.values()) end.resolve();
  await Promise.all([a, c, d]);
  await places.at(async (processor) => assert.ok(processor === 4 || processor === 7));
});

test("what is stopped while it waits for a place ends at once, and leaves its turn to the next", async () => {
  const places = createPlaces([4]);
  const end = Promise.withResolvers<void>();
  const first = places.at(() => end.promise);
  const [stop, stopped] = [new AbortController(), new AbortController()];
  const never = async () => assert.fail("it has no place");
  const waiting = assert.rejects(places.at(never, stop.signal), /enough/);
  const next = places.at(async (processor) => processor, new AbortController().signal);
  stop.abort(new Error("enough"));
  await waiting;
  stopped.abort(new Error("before it waits"));
  await assert.rejects(places.at(never, stopped.signal), /before it waits/);
  end.resolve();
  await first;
  assert.equal(await next, 4);
  assert.equal(await places.at(async (processor) => processor), 4);
});

test("all processors of a small host are used, and of a large one the four that have the least to do", async () => {
  const host = (status: string | undefined, ...stats: readonly string[]) => {
    const left = [...stats];
    return {
      read: async (path: string) => {
        const text = path === "/proc/stat" ? left.shift() : status;
        return text === undefined ? undefined : Buffer.from(text);
      },
    };
  };
  const stat = (busy: readonly number[], ticks: number) =>
    Array.from({ length: 8 }, (_, index) => `cpu${index} 0 0 0 ${busy.includes(index) ? 50 : ticks} 0 0`).join("\n");
  assert.deepEqual(await chooseProcessors(host("Cpus_allowed_list:\t2,5-6\n")), [2, 5, 6]);
  assert.deepEqual(await chooseProcessors(host(undefined)), []);
  const busy = [0, 3, 4];
  const chosen = await chooseProcessors(host("Cpus_allowed_list:\t0-7\n", stat(busy, 100), stat(busy, 110)));
  assert.equal(new Set(chosen).size, 4);
  assert.ok(!chosen.some((processor) => busy.includes(processor)), chosen.join(", "));
});
