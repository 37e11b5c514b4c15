import { type Address, addressHost, addressKind } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { escapeControls } from "../model/escape-controls.ts";
import type { Outcome } from "../model/outcome.ts";
import { hasDriftWhileRunning, type IgnoredDrift, type Plan } from "../model/plan.ts";
import { causeNote, changeDetails } from "./describe-change.ts";
import { diagnosticLines } from "./diagnostics.ts";
import { documentReporter, type RenderReport } from "./document-reporter.ts";
import { ignoredLine } from "./ignored-lines.ts";
import { pendingLines } from "./pending-line.ts";
import type { RunRecord } from "./run-record.ts";
import { type Line, paint, textOf } from "./style.ts";
import { verbs } from "./words.ts";

/** How one test case ended. */
interface Verdict {
  readonly element: "failure" | "error" | "skipped";
  readonly type: string;
  readonly message: string;
  readonly text: string;
}

interface Case {
  readonly classname: string;
  readonly name: string;
  readonly milliseconds: number;
  readonly verdict?: Verdict;
  /** For people, of a case that passed. */
  readonly note?: string;
}

/**
 * A run as JUnit XML: a test case for each object and for each problem without an object. Drift is a failure, what could not be read or is
 * wrong is an error. A difference that only the configuration asks for is a failure of `drift` alone: to `plan` it is the expected
 * result. Of an apply, the case of an object is how its actions ended.
 */
export const renderJunit: RenderReport = (record, { command, now }) => {
  const cases = casesOf(record, command);
  const suite = `virtform ${command}${record.plan === undefined ? "" : ` ${record.plan.project}`}`;
  const counts = [
    ["tests", cases.length],
    ["failures", numberOf(cases, "failure")],
    ["errors", numberOf(cases, "error")],
    ["skipped", numberOf(cases, "skipped")],
    ["time", (record.milliseconds / 1000).toFixed(3)],
  ] as const;
  const attributes = counts.map(([name, value]) => ` ${name}="${value}"`).join("");
  const total = counts.filter(([name]) => name !== "skipped").map(([name, value]) => ` ${name}="${value}"`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<testsuites name="${attribute(suite)}"${total.join("")}>\n`,
    `  <testsuite name="${attribute(suite)}"${attributes} timestamp="${now.toISOString().slice(0, 19)}">\n`,
    ...cases.map(caseXml),
    "  </testsuite>\n</testsuites>\n",
  ].join("");
};

/** The reporter of `--format junit`. */
export const createJunitReporter = documentReporter(renderJunit);

function casesOf(record: RunRecord, command: string): Case[] {
  const { plan, files, outcomes } = record;
  const problems = [...(plan?.diagnostics ?? []), ...record.diagnostics].filter(({ severity }) => severity === "error");
  const ended = outcomes === undefined ? undefined : new Map(outcomes.map((outcome) => [outcome.action, outcome]));
  const objects = plan === undefined ? [] : objectCases(plan, command, ended);
  const wrong = new Map(objects.filter(({ verdict }) => verdict?.element === "error").map(({ name }) => [name, true]));
  const other = problems
    .filter(({ address }) => address === undefined || !wrong.has(address))
    .map((problem) => problemCase(problem, command));
  if (objects.length + other.length > 0) return [...objects, ...other];
  const nothing: Case = { classname: command, name: plan === undefined ? "configuration" : "host", milliseconds: 0 };
  if (plan !== undefined || files !== undefined) return [nothing];
  const message = "The command ended without a result";
  return [{ ...nothing, verdict: { element: "error", type: "no-result", message, text: message } }];
}

function objectCases(plan: Plan, command: string, ended: ReadonlyMap<string, Outcome> | undefined): Case[] {
  const problems = Map.groupBy(
    plan.diagnostics.filter(({ severity }) => severity === "error"),
    ({ address }) => address,
  );
  const waiting = new Map(plan.pending.map((pending) => [pending.address, pending]));
  const changes = new Map(plan.changes.map((change) => [change.address, change]));
  const ignored = Map.groupBy(plan.ignored ?? [], ({ address }) => address);
  const addresses = [...new Set<Address>([...changes.keys(), ...ignored.keys(), ...plan.unchanged.map(({ address }) => address)])].sort();
  return addresses.map((address) => {
    const change = changes.get(address);
    const unseen = problems.get(address);
    const pending = waiting.get(address);
    const outcomes = ended === undefined ? [] : (change?.actions.flatMap(({ id }) => ended.get(id) ?? []) ?? []);
    const milliseconds = outcomes.reduce((sum, outcome) => sum + outcome.milliseconds, 0);
    const head = { classname: [addressHost(address), addressKind(address)].filter(Boolean).join("."), name: address, milliseconds };
    if (unseen !== undefined) return { ...head, verdict: errorVerdict(unseen) };
    if (ended !== undefined) return withVerdict(head, change === undefined ? undefined : outcomeVerdict(change, outcomes));
    if (change !== undefined) {
      const fails = command === "drift" || change.cause !== "config";
      return fails ? { ...head, verdict: differenceVerdict(change) } : { ...head, note: described(change) };
    }
    const accepted = ignored.get(address);
    if (accepted !== undefined) return { ...head, verdict: ignoredVerdict(accepted) };
    if (pending === undefined) return head;
    const text = paint(pendingLines([pending]), false).trimEnd();
    const drifted = hasDriftWhileRunning({ ...plan, pending: [pending] });
    return drifted ? { ...head, verdict: { element: "failure", type: "drift", message: text, text } } : { ...head, note: text };
  });
}

function withVerdict(head: Case, verdict: Verdict | undefined): Case {
  return verdict === undefined ? head : { ...head, verdict };
}

function differenceVerdict(change: Change): Verdict {
  const message = `${verbs[change.verb].phrase}: ${change.reason}${causeNote(change)}`;
  return { element: "failure", type: change.cause === "config" ? "config" : "drift", message, text: described(change) };
}

function ignoredVerdict(ignored: readonly IgnoredDrift[]): Verdict {
  const message = ignored.map((one) => textOf(ignoredLine(one))).join("\n");
  return { element: "skipped", type: "ignored", message, text: message };
}

function described(change: Change): string {
  const { symbol, phrase } = verbs[change.verb];
  const head: Line = [{ text: `${symbol} ${change.address} ${phrase}: ${change.reason}${causeNote(change)}` }];
  return paint([head, ...changeDetails(change).map((line) => [{ text: "    " }, ...line])], false).trimEnd();
}

function outcomeVerdict(change: Change, outcomes: readonly Outcome[]): Verdict | undefined {
  const failed = outcomes.filter(({ status }) => status === "failed");
  if (failed.length > 0) {
    const diagnostics = failed.flatMap((outcome) => outcome.diagnostics);
    return { ...errorVerdict(diagnostics), element: "failure" };
  }
  const left = outcomes.find(({ status }) => status !== "done");
  if (left === undefined) return undefined;
  const message = left.because === undefined ? `${change.verb} ${left.status}` : `${change.verb} ${left.status}: ${left.because} failed`;
  return { element: "skipped", type: left.status, message, text: message };
}

function problemCase(problem: Diagnostic, command: string): Case {
  const { address, at, code } = problem;
  const where = at === undefined ? code : `${at.file}:${at.line}:${at.column} ${code}`;
  return {
    classname: command,
    name: address === undefined ? where : `${address} ${code}`,
    milliseconds: 0,
    verdict: errorVerdict([problem]),
  };
}

function errorVerdict(diagnostics: readonly Diagnostic[]): Verdict {
  const message = diagnostics.map(({ summary }) => summary).join("; ");
  return { element: "error", type: diagnostics[0]?.code ?? "failed", message, text: paint(diagnosticLines(diagnostics), false).trimEnd() };
}

function caseXml({ classname, name, milliseconds, verdict, note }: Case): string {
  const head = `    <testcase name="${attribute(name)}" classname="${attribute(classname)}" time="${(milliseconds / 1000).toFixed(3)}"`;
  if (verdict !== undefined) {
    const { element, type, message, text } = verdict;
    // The schema of Jenkins allows no attributes here.
    const attributes = element === "skipped" ? "" : ` message="${attribute(message)}" type="${attribute(type)}"`;
    return `${head}>\n      <${element}${attributes}>${content(text)}</${element}>\n    </testcase>\n`;
  }
  if (note === undefined) return `${head}/>\n`;
  return `${head}>\n      <system-out>${content(note)}</system-out>\n    </testcase>\n`;
}

function numberOf(cases: readonly Case[], element: Verdict["element"]): number {
  return cases.filter(({ verdict }) => verdict?.element === element).length;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;" };

/** Control characters are written out: XML 1.0 has no way to hold most of them. */
function attribute(text: string): string {
  return escapeControls(text, "\n").replace(/[&<>"\n]/g, (character) => entities[character] ?? character);
}

function content(text: string): string {
  return escapeControls(text, "\n\t").replace(/[&<>]/g, (character) => entities[character] ?? character);
}
