import assert from "node:assert/strict";
import { test } from "node:test";
import { allTaken, type EventHook, inOrder } from "../../../src/engine/event-hook.ts";

test("a slow program gets the events of one image in their order, and does not hold up those of another", async () => {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  const hook = inOrder(async ({ event, entry }) => {
    taken.push(`${entry} ${event}`);
    if (event === "image.prepare") await new Promise<void>((resolve) => waiting.push(resolve));
    return undefined;
  });
  const send = (entry: string, event: Parameters<EventHook>[0]["event"]) =>
    hook({ event, entry, image: entry, source: "/srv/image", at: "", host: "", project: "" }, new AbortController().signal);
  const sent = [send("a", "image.prepare"), send("a", "image.activate"), send("b", "image.activate")];
  await sent[2];
  assert.deepEqual(taken, ["a image.prepare", "b image.activate"]);
  for (const go of waiting) go();
  await Promise.all(sent);
  assert.deepEqual(taken, ["a image.prepare", "b image.activate", "a image.activate"]);
});

test("a program that hangs does not hold up an apply that was stopped: what it has not taken within two seconds is given up", async () => {
  const [stop, end, giveUp] = [new AbortController(), new AbortController(), new AbortController()];
  let started = 0;
  const hook = inOrder(async (_event, signal) => {
    started += 1;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return "it was ended";
  });
  const events = (["image.prepare", "image.upload", "image.activate"] as const).map((event) =>
    hook({ event, entry: "a", image: "a", source: "/srv/image", at: "", host: "", project: "" }, giveUp.signal),
  );
  const began = performance.now();
  const taken = allTaken(events, { stop: stop.signal, end: end.signal, giveUp });
  stop.abort();
  await taken;
  assert.ok(performance.now() - began < 5000);
  assert.equal(started, 1, "the events that follow are not handed over any more");
  assert.deepEqual(await Promise.all(events), [
    "it was ended",
    "The apply was stopped before the program got the event",
    "The apply was stopped before the program got the event",
  ]);
});

test("a second interrupt ends the program at once", async () => {
  const [stop, end, giveUp] = [new AbortController(), new AbortController(), new AbortController()];
  end.abort();
  const event = new Promise((resolve) => giveUp.signal.addEventListener("abort", resolve, { once: true }));
  await allTaken([event], { stop: stop.signal, end: end.signal, giveUp });
});
