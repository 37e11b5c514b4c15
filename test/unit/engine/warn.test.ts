import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "../../../src/engine/apply.ts";
import { defineAction } from "../../../src/model/action.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Event } from "../../../src/model/event.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { action } from "./action.ts";

test("a non-fatal problem is reported with its address, and the action completes", async () => {
  const warning = { severity: "warning", code: "filesystem-not-grown", summary: "It keeps its size", detail: "" } as const;
  const events: Event[] = [];
  const signal = new AbortController().signal;
  const outcomes = await apply({
    plan: { actions: [{ ...action("disk/web.root#grow", {}), after: [] }] } as unknown as Plan,
    actionTypes: [defineAction("test", [], async (context) => context.warn?.(warning))],
    context: { signal } as Context,
    journal: { write: async () => {} } as unknown as Parameters<typeof apply>[0]["journal"],
    parallelism: 1,
    stop: signal,
    emit: (event) => events.push(event),
  });
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["done"],
  );
  assert.deepEqual(
    events.filter(({ type }) => type === "diagnostic"),
    [{ type: "diagnostic", diagnostic: { address: "disk/web.root", ...warning } }],
  );
});
