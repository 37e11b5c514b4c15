import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "../../../src/engine/apply.ts";
import { observe } from "../../../src/engine/observe.ts";
import { type ActionType, defineAction } from "../../../src/model/action.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Places } from "../../../src/model/diagnostic-places.ts";
import { CommandError, RefusedError, UnreachableError, userError } from "../../../src/model/errors.ts";
import type { HostFacts } from "../../../src/model/host-facts.ts";
import type { AnyKind } from "../../../src/model/kind.ts";
import type { Outcome } from "../../../src/model/outcome.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { applySummaryLines } from "../../../src/report/apply-summary.ts";
import { diagnosticJson } from "../../../src/report/json.ts";
import { action } from "./action.ts";

type Written = { readonly action: string; readonly status: string; readonly diagnostics?: Outcome["diagnostics"] };

/** Applies one action of type `test` that throws, and one that does not. */
async function failing(error: unknown, { aborted = false, places }: { readonly aborted?: boolean; readonly places?: Places } = {}) {
  const written: Written[] = [];
  const types: readonly ActionType[] = [
    defineAction("test", [], () => Promise.reject(error)),
    defineAction("other", [], async () => undefined),
  ];
  const abort = new AbortController();
  if (aborted) abort.abort();
  const outcomes = await apply({
    plan: {
      actions: [
        { ...action("image/debian#fetch", {}), after: [] },
        { ...action("disk/db.root#create", { type: "other" }), after: [] },
      ],
    } as unknown as Plan,
    actionTypes: types,
    context: { signal: abort.signal } as Context,
    journal: { write: async (record) => void written.push(record), note: () => undefined },
    parallelism: 1,
    stop: new AbortController().signal,
    emit: () => undefined,
    ...(places === undefined ? {} : { places }),
  });
  return { outcomes, diagnostics: outcomes[0]?.diagnostics ?? [], journalled: written.find(({ status }) => status === "failed") };
}

test("a failure keeps its code, its remedy and its address in the outcome, in the journal and in JSON", async () => {
  const remedy = "The server is down. Tried 4 times in a row without getting further.";
  const { outcomes, diagnostics, journalled } = await failing(userError("download-failed", "Cannot download it", remedy));
  const told = { severity: "error", code: "download-failed", summary: "Cannot download it", detail: remedy, address: "image/debian" };
  assert.deepEqual(diagnostics, [told]);
  assert.deepEqual(journalled?.diagnostics, [told]);
  assert.deepEqual(diagnostics.map(diagnosticJson), [told]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["failed", "done"],
  );
});

test("a failure has the place where its object is declared, in the outcome, in the journal and in JSON", async () => {
  const at = { file: "site.yaml", line: 7, column: 3, text: "debian" };
  const places: Places = {
    pointerOf: (address) => (address === "image/debian" ? ["images", "debian"] : undefined),
    place: (pointer) => (pointer.join(".") === "images.debian" ? at : undefined),
  };
  const { outcomes, diagnostics, journalled } = await failing(userError("download-failed", "Cannot download it", "Try again."), { places });
  assert.deepEqual(
    diagnostics.map(({ at }) => at),
    [at],
  );
  assert.deepEqual(journalled?.diagnostics, diagnostics);
  assert.deepEqual(diagnostics.map(diagnosticJson)[0]?.["range"], {
    filename: "site.yaml",
    start: { line: 7, column: 3 },
    end: { line: 7, column: 9 },
  });
  const plan = { changes: [], actions: [] } as unknown as Plan;
  const text = applySummaryLines(plan, outcomes, { command: "apply", milliseconds: 1 }).map((line) =>
    line.map((part) => part.text).join(""),
  );
  assert.ok(text.includes("  image/debian#fetch  (site.yaml:7:3)"), text.join("\n"));
});

test("each kind of failure with a remedy has its own code", async () => {
  const command = { commandLine: "vgs", exitCode: 5, stderr: "", summary: "vgs failed", detail: "" };
  const errors = [
    new CommandError({ ...command, reason: "exit" }),
    new CommandError({ ...command, reason: "missing" }),
    new UnreachableError("libvirt is down"),
    new RefusedError("guest-runs", "web runs", "Apply again."),
    Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" }),
  ];
  const codes = await Promise.all(errors.map(async (error) => (await failing(error)).diagnostics.map(({ code }) => code)));
  assert.deepEqual(codes, [["command-failed"], ["program-missing"], ["host-unreachable"], ["guest-runs"], ["system-error"]]);
});

test("a bug inside an action is shown as one, with its stack, and the rest is done", async () => {
  const { outcomes, diagnostics } = await failing(new TypeError("Cannot read properties of undefined"));
  assert.deepEqual(
    diagnostics.map(({ code, summary }) => [code, summary]),
    [["internal-error", "This is a bug in virtform: Cannot read properties of undefined"]],
  );
  assert.match(diagnostics[0]?.detail ?? "", /^TypeError: Cannot read properties of undefined\n +at .*failures\.test\.ts/);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["failed", "done"],
  );
});

test("an action type that does not exist fails its action and no other", async () => {
  const { outcomes } = await failing(undefined);
  assert.equal(outcomes[1]?.status, "done");
  const unknown = await apply({
    plan: { actions: [{ ...action("a/a#x", { type: "nothing" }), after: [] }] } as unknown as Plan,
    actionTypes: [],
    context: { signal: new AbortController().signal } as Context,
    journal: { write: async () => undefined, note: () => undefined },
    parallelism: 1,
    stop: new AbortController().signal,
    emit: () => undefined,
  });
  assert.deepEqual(
    unknown.map(({ status, diagnostics }) => [status, diagnostics[0]?.code]),
    [["failed", "internal-error"]],
  );
});

test("if undoing fails as well, both failures are reported, the first one first", async () => {
  const { diagnostics } = await failing(new SuppressedError(userError("second", "b", ""), userError("first", "a", "")));
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["first", "second"],
  );
});

test("what throws because it was stopped is no bug", async () => {
  const { outcomes, diagnostics } = await failing(new Error("aborted"), { aborted: true });
  assert.deepEqual([outcomes[0]?.status, diagnostics], ["cancelled", []]);
});

test("a refusal during the look makes its kind unread with its code, never absent; a bug is thrown", async () => {
  const kind = (error: Error) => ({ name: "x", addressKinds: ["x"], observe: () => Promise.reject(error) }) as unknown as AnyKind<object>;
  const look = (error: Error) => observe([kind(error)], {} as Context, {} as HostFacts);
  const refused = await look(userError("libvirt-refused", "cannot list domains: access denied", "Join the group libvirt."));
  assert.deepEqual(
    [refused.complete, refused.unread, refused.diagnostics.map(({ code, detail }) => [code, detail])],
    [false, [], [["libvirt-refused", "Join the group libvirt."]]],
  );
  await assert.rejects(look(new TypeError("x is not a function")), TypeError);
});
