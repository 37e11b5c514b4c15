import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/model/event.ts";
import { reconcile } from "../../src/reconcile.ts";
import type { Machine } from "../fake-host/machine.ts";
import { doByHand } from "../plan/by-hand.ts";
import { shop } from "./shop.ts";
import { applied, createWorld, runOn } from "./world.ts";

const wanted = shop({ memory: "512MiB" });

/** Applies with a question; `meanwhile` happens on the host before it is answered with yes. */
async function applyAsked(machine: Machine, meanwhile: () => void) {
  const host = machine.boot();
  const events: Event[] = [];
  let changed: string[] = [];
  const { verdict, outcomes } = await reconcile([await runOn(host, wanted)], {
    reporter: {
      event: (event) => void events.push(event),
      confirm: async () => {
        meanwhile();
        changed = machine.snapshot(/journal|locks|capacity\.json/);
        return true;
      },
      close: async () => undefined,
    },
    autoApprove: false,
    allowDestroy: [],
    parallelism: 4,
    lockTimeoutMs: 60_000,
    stop: new AbortController().signal,
  });
  await host.close();
  const errors = events.flatMap((event) => (event.type === "diagnostic" ? [event.diagnostic] : []));
  const untouched = JSON.stringify(machine.snapshot(/journal|locks|capacity\.json/)) === JSON.stringify(changed);
  return { verdict, outcomes, errors, untouched };
}

const deeds = {
  "power off web": ["moved-since-plan domain/web has changed since the plan was shown"],
  "set the memory of web to 300MiB": ["moved-since-plan domain/web has changed since the plan was shown"],
  "delete disk.config of web": ["moved-since-plan seed/web has changed since the plan was shown"],
} as const;

for (const [deed, named] of Object.entries(deeds)) {
  test(`an apply is refused when the host changes while its question is open, and names the change: ${deed}`, async () => {
    const machine = createWorld();
    await applied(machine, shop());
    const { verdict, outcomes, errors, untouched } = await applyAsked(machine, () => doByHand(machine, deed));
    assert.equal(verdict, "refused");
    assert.deepEqual(outcomes, []);
    assert.ok(untouched);
    assert.deepEqual(
      errors.map(({ code, summary }) => `${code} ${summary}`),
      named,
    );
    assert.ok(errors.every(({ severity, detail }) => severity === "error" && detail?.startsWith("Nothing has been done.")));
  });
}

test("a network that is stopped while the question is open refuses a guest that is to be created", async () => {
  const machine = createWorld();
  const { verdict, errors, untouched } = await applyAsked(machine, () => doByHand(machine, "stop the network default"));
  assert.equal(verdict, "refused");
  assert.ok(untouched);
  assert.ok(errors.some(({ code }) => code === "network-inactive"));
});

test("a plan that still holds is applied after the question", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const { verdict, errors } = await applyAsked(machine, () => undefined);
  assert.deepEqual([verdict, errors], ["done", []]);
});
