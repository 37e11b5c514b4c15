import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventHook, inOrder } from "../../../src/engine/event-hook.ts";

test("a slow program gets the events of one image in their order, and does not hold up those of another", async () => {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  const hook = inOrder(async ({ event, entry }) => {
    taken.push(`${entry} ${event}`);
    if (event === "image.prepare") await new Promise<void>((resolve) => waiting.push(resolve));
    return undefined;
  });
  const send = (entry: string, event: Parameters<EventHook>[0]["event"]) =>
    hook({ event, entry, image: entry, source: "/srv/image", at: "", host: "", project: "" });
  const sent = [send("a", "image.prepare"), send("a", "image.activate"), send("b", "image.activate")];
  await sent[2];
  assert.deepEqual(taken, ["a image.prepare", "b image.activate"]);
  for (const go of waiting) go();
  await Promise.all(sent);
  assert.deepEqual(taken, ["a image.prepare", "b image.activate", "a image.activate"]);
});
