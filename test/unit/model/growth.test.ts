import assert from "node:assert/strict";
import { test } from "node:test";
import { startGrowing } from "../../../src/model/growth.ts";

test("what waits for more bytes gets them when they are final, and the end when all are", async () => {
  let onFinal: (bytes: number) => void = () => undefined;
  const end = Promise.withResolvers<void>();
  const { growth, written } = startGrowing((tell) => {
    onFinal = tell;
    return end.promise;
  });
  const [any, more] = [growth.beyond(0), growth.beyond(20)];
  let isMore = false;
  more.then(() => {
    isMore = true;
  });
  onFinal(10);
  assert.deepEqual(await any, { bytes: 10, isWhole: false });
  onFinal(20);
  assert.deepEqual(await growth.beyond(10), { bytes: 20, isWhole: false });
  assert.equal(isMore, false);
  end.resolve();
  await written;
  assert.deepEqual(await more, { bytes: 20, isWhole: true });
  assert.deepEqual(await growth.beyond(1000), { bytes: 20, isWhole: true });
});

test("nothing is final of a file whose writing failed", async () => {
  const { growth, written } = startGrowing(async (onFinal) => {
    onFinal(10);
    throw new Error("it failed");
  });
  await assert.rejects(written, /it failed/);
  assert.equal(await growth.beyond(0), undefined);
});
