import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import type { Event } from "../../../src/model/event.ts";
import type { Outcome } from "../../../src/model/outcome.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { ReporterOptions } from "../../../src/report/index.ts";
import { assertGolden } from "../../support/golden.ts";
import { plan as create } from "./plans/create.ts";
import { plan as mixed } from "./plans/mixed.ts";
import { action, change, failure, manyInstances, planOf, recordingReporter } from "./support.ts";

type Options = Partial<ReporterOptions> & { readonly format: string };

async function reported(options: Options, ...events: readonly Event[]): Promise<string> {
  const { reporter, stdout } = await recordingReporter({
    commit: async () => "0123456789abcdef0123456789abcdef01234567",
    meanings: async () => ({ "unknown-key": "A key does not exist." }),
    ...options,
  });
  for (const event of events) reporter.event(event);
  await reporter.close();
  return stdout.text;
}

const planned = (plan: Plan): Event => ({ type: "plan", plan });

const broken: Diagnostic[] = [
  {
    severity: "error",
    code: "unknown-key",
    summary: "Unknown key: falvor",
    detail: "Did you mean flavor?",
    at: { file: "site/web 1.yaml", line: 7, column: 5, text: "falvor", source: "    falvor: small" },
  },
  { severity: "warning", code: "no-effect", summary: "swap has no effect", detail: "", address: "domain/web" },
];

const invalid: Event = { type: "result", result: { kind: "validation", files: ["site/web 1.yaml"], diagnostics: broken } };

function applied(): Event[] {
  const [first, second, ...rest] = create.actions.map(({ id }) => id) as [string, string, ...string[]];
  const outcomes: Outcome[] = [
    { action: first, status: "done", milliseconds: 5000, diagnostics: [] },
    { action: second, status: "failed", milliseconds: 40, diagnostics: failure("no space left on device", "no-space", "Free some.") },
    ...rest.map((id): Outcome => ({ action: id, status: "skipped", milliseconds: 0, diagnostics: [], because: second })),
  ];
  return [planned(create), { type: "apply.end", plan: create, outcomes, milliseconds: 6000 }];
}

const endings = { markdown: "md", junit: "junit.xml", sarif: "sarif.json" };

for (const [format, ending] of Object.entries(endings)) {
  for (const [name, command, events] of [
    ["mixed", "drift", [planned(mixed)]],
    ["applied", "apply", applied()],
    ["invalid", "validate", [invalid]],
  ] as const) {
    test(`${format} of ${name}`, async () => {
      assertGolden(new URL(`reports/${name}.${ending}`, import.meta.url), await reported({ format, command }, ...events));
    });
  }
}

test("a report of a run without a result is not that of a success", async () => {
  assert.match(await reported({ format: "markdown" }), /virtform plan failed/);
  assert.match(await reported({ format: "junit" }), /tests="1" failures="0" errors="1"/);
  assert.equal(JSON.parse(await reported({ format: "sarif" })).runs[0].invocations[0].executionSuccessful, false);
});

test("every result of SARIF has a file: that of a problem without a place is the first one of the configuration", async () => {
  const files = async (options: Partial<Options>, ...events: readonly Event[]) => {
    const { results } = JSON.parse(await reported({ format: "sarif", ...options }, ...events)).runs[0];
    return results.map(({ locations }: { locations: { physicalLocation: { artifactLocation: { uri: string }; region: object } }[] }) => {
      const [{ physicalLocation: { artifactLocation, region } = {} } = {}] = locations as Partial<(typeof locations)[number]>[];
      return [artifactLocation?.uri, (region as { startLine?: number } | undefined)?.startLine];
    });
  };
  const failed: Event = { type: "failed", diagnostics: failure("cannot connect", "host-unreachable", "Start it.") };
  assert.deepEqual(await files({ firstFile: () => "site/a.virtform.yaml" }, failed), [["site/a.virtform.yaml", 1]]);
  assert.deepEqual(await files({}, failed), [["virtform.yaml", 1]]);
  assert.deepEqual(await files({ command: "validate" }, invalid), [
    ["site/web%201.yaml", 7],
    ["site/web%201.yaml", 1],
  ]);
});

test("markdown says what matches as the text does", async () => {
  for (const command of ["plan", "apply"]) {
    assert.match(await reported({ format: "markdown", command }, planned(planOf([]))), /\nThe host matches the configuration\.\n/);
    const excluded = await reported({ format: "markdown", command }, planned(planOf([], { excluded: ["domain/web"] })));
    assert.match(excluded, /\nAll included objects match the configuration\.\n/);
    assert.doesNotMatch(excluded, /The host matches/);
  }
  assert.match(await reported({ format: "markdown", command: "destroy" }, planned(planOf([]))), /\nThere is nothing to destroy\.\n/);
});

test("markdown says more than its limit allows only where losses do", async () => {
  const plan = manyInstances(400);
  const loss = change("disk/old.root", "delete", {
    actions: [action("disk/old.root", "remove", { destroys: "5GiB disk old.root", effect: "rebuild" })],
  });
  const large = planOf([...plan.changes, loss]);
  for (const maxBytes of [1000, 20_000, 65_000]) {
    const text = await reported({ format: "markdown", maxBytes, each: true }, planned(large));
    assert.ok(Buffer.byteLength(text) <= maxBytes, `${Buffer.byteLength(text)} of ${maxBytes} bytes`);
    assert.match(text, /\*\*Data that will be permanently deleted\*\*\n\n- 5GiB disk old\.root\n/);
    assert.match(text, /the report is limited to \d+ bytes/);
    assert.match(text, /commit `0123456789ab`/);
  }
  const losses = planOf(
    Array.from({ length: 100 }, (_, index) => {
      const address = `disk/old-${index}.root` as const;
      return change(address, "delete", { actions: [action(address, "remove", { destroys: `5GiB disk old-${index}.root` })] });
    }),
  );
  const text = await reported({ format: "markdown", maxBytes: 1000 }, planned(losses));
  assert.equal(text.match(/^- 5GiB disk old/gm)?.length, 100);
});

test("text of guests and files cannot format a report or mention users", async () => {
  const nasty = "``` </summary><script> @octocat [x](https://evil.test) *b* \u001b[2J -->";
  const plan = planOf([
    change("domain/web", "update", { reason: nasty, fields: [{ path: "title", old: nasty, new: `${nasty}\n\`\`\`\`\n# h` }] }),
  ]);
  const text = await reported({ format: "markdown", command: "drift" }, planned(plan));
  assertGolden(new URL("reports/nasty.md", import.meta.url), text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  assert.doesNotMatch(text.replace(/^(`{3,})diff$.*?^\1$/gms, ""), /<script|@octocat|https:\/\/evil|\u001b/);
});

test("secrets are in no report", async () => {
  for (const format of Object.keys(endings)) assert.doesNotMatch(await reported({ format, command: "drift" }, planned(mixed)), /hunter/);
});

test("a difference of the configuration fails a check for drift and no plan", async () => {
  const plan = planOf([
    change("domain/a", "update", { cause: "config" }),
    change("domain/b", "update", { cause: "drift" }),
    change("domain/c", "update", { cause: "both" }),
  ]);
  assert.match(await reported({ format: "junit", command: "plan" }, planned(plan)), /tests="3" failures="2" errors="0"/);
  assert.match(await reported({ format: "junit", command: "drift" }, planned(plan)), /tests="3" failures="3" errors="0"/);
});

test("what could not be read is an error of its object", async () => {
  const plan = planOf([], {
    complete: false,
    unchanged: [
      { address: "domain/a", before: {} },
      { address: "domain/b", before: {} },
    ],
    diagnostics: [
      { severity: "error", code: "unexpected-answer", summary: "The domain cannot be read", detail: "", address: "domain/b" },
      { severity: "error", code: "host-unreachable", summary: "Ceph does not answer", detail: "" },
    ],
  });
  const text = await reported({ format: "junit", command: "drift" }, planned(plan));
  assert.match(text, /tests="3" failures="0" errors="2"/);
  assert.match(text, /<testcase name="domain\/b" classname="domain" time="0.000">\n\s+<error/);
});
