import type { Change } from "../model/change.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Outcome } from "../model/outcome.ts";
import { countChanges, hasChanges, isErrored, type Plan } from "../model/plan.ts";
import { type AlikeChanges, alikeGroups, groupDetails, groupReason } from "./alike.ts";
import { isComplete, summarizeApply } from "./apply-summary.ts";
import { effectOf } from "./describe-change.ts";
import { documentReporter, type RenderReport, type ReportHead } from "./document-reporter.ts";
import { eventHooks, eventHookTitle } from "./event-hooks.ts";
import { type FittingItem, fitItems } from "./fit-items.ts";
import { forecastLine } from "./forecast-line.ts";
import { ignoredLines } from "./ignored-lines.ts";
import { codeBlock, htmlCode, inlineCode, plainHtml, plainMarkdown } from "./markdown-text.ts";
import { nameRanges } from "./name-ranges.ts";
import { pendingLines } from "./pending-line.ts";
import { planImpact } from "./plan-impact.ts";
import { count, formatDuration } from "./quantities.ts";
import { type RunRecord, recordedDiagnostics, succeeded } from "./run-record.ts";
import { type Line, textOf } from "./style.ts";
import { variableValue } from "./variable-value.ts";
import { whatMatches } from "./what-matches.ts";
import { verbs } from "./words.ts";

/** GitHub refuses a comment of more than 65,536 characters. */
const defaultMaxBytes = 65_000;

/**
 * A run as Markdown for a comment on a pull request: what is lost and which guests are interrupted come first and are never cut; then the
 * problems, and a collapsed difference per object, as many as fit into `maxBytes`. The first line is a comment by which a job finds the
 * report that it wrote before.
 */
export const renderMarkdown: RenderReport = (record, head) => {
  const { plan } = record;
  const project = plan === undefined ? "" : ` project="${plainHtml(plan.project).replaceAll('"', "&quot;")}"`;
  const top = [
    `<!-- virtform-report command="${head.command}"${project} -->`,
    `### ${plainMarkdown(headline(record, head))}`,
    ...(plan === undefined ? [] : impact(plan)),
  ];
  const items = [...problemItems(recordedDiagnostics(record)), ...(plan === undefined ? [] : planItems(plan, record.outcomes, head.each))];
  return fitItems({ top: block(top), items, bottom: footer(record, head), maxBytes: head.maxBytes ?? defaultMaxBytes });
};

/** The reporter of `--format markdown`. */
export const createMarkdownReporter = documentReporter(renderMarkdown);

function block(parts: readonly string[]): string {
  return parts.map((part) => `${part.trimEnd()}\n\n`).join("");
}

function headline(record: RunRecord, { command }: ReportHead): string {
  const { plan, files, outcomes } = record;
  const name = plan === undefined ? `virtform ${command}` : `virtform ${command} of ${plan.project}`;
  if (plan !== undefined && outcomes !== undefined) {
    const summary = summarizeApply(plan, outcomes);
    const { add, change, destroy } = summary;
    return `${name} ${isComplete(summary) ? "complete" : "incomplete"}: ${add} added, ${change} changed, ${destroy} destroyed`;
  }
  const errors = recordedDiagnostics(record).filter(({ severity }) => severity === "error").length;
  if (plan !== undefined && !plan.complete) return `${name}: incomplete, part of the host could not be read`;
  if (errors > 0 || (plan !== undefined && isErrored(plan))) return `${name}: ${count(errors, "error")}`;
  if (plan !== undefined) {
    if (!hasChanges(plan)) return `${name}: no changes`;
    const { add, change, destroy } = countChanges(plan.changes);
    return `${name}: ${add} to add, ${change} to change, ${destroy} to destroy`;
  }
  return files === undefined ? `${name} failed` : `${name}: the configuration is valid (${count(files.length, "file")})`;
}

function impact(plan: Plan): string[] {
  const { destroys, restarted, stopped } = planImpact(plan);
  const variables = (plan.variables ?? []).map(
    (variable) =>
      `${inlineCode(`${variable.name} = ${variableValue(variable)}`)}${variable.from === "default" ? "" : ` (${plainMarkdown(variable.from)})`}`,
  );
  const forecast = forecastLine(plan);
  const list = (title: string, entries: readonly string[]) =>
    entries.length === 0 ? [] : [`**${title}**\n\n${entries.map((entry) => `- ${entry}\n`).join("")}`];
  return [
    ...list("Data that will be permanently deleted", destroys.map(plainMarkdown)),
    ...list("Guests restarted", nameRanges(restarted).map(inlineCode)),
    ...list("Guests stopped", nameRanges(stopped).map(inlineCode)),
    ...list("Left out (--exclude)", nameRanges(plan.excluded ?? []).map(inlineCode)),
    ...list(eventHookTitle, eventHooks(plan).map(inlineCode)),
    ...(forecast === undefined ? [] : [plainMarkdown(forecast)]),
    ...[...pendingLines(plan.pending), ...ignoredLines(plan)].map((line) => plainMarkdown(textOf(line))),
    ...list("Variables", variables),
  ];
}

const labels: Readonly<Record<Diagnostic["severity"], string>> = { error: "Error", warning: "Warning", note: "Note" };

function problemItems(diagnostics: readonly Diagnostic[]): FittingItem[] {
  return diagnostics.map(({ severity, summary, detail, address, at, code, known }) => {
    const where = [
      ...(address === undefined ? [] : [inlineCode(address)]),
      ...(at === undefined ? [] : [inlineCode(`${at.file}:${at.line}:${at.column}`)]),
    ];
    const short = `- **${labels[severity]}:** ${plainMarkdown(oneLine(summary))}${where.map((part) => ` ${part}`).join("")} (${inlineCode(code)})\n`;
    const paragraphs = detail === "" || known === true ? [] : detail.trimEnd().split(/\r?\n/);
    return { short, full: `${short}${paragraphs.map((line) => `  ${plainMarkdown(line)}\n`).join("  \n")}` };
  });
}

function planItems(plan: Plan, outcomes: readonly Outcome[] | undefined, each: boolean | undefined): FittingItem[] {
  const ended = new Map(outcomes?.map((outcome) => [outcome.action, outcome]));
  const endOf = (change: Change) => (outcomes === undefined ? "" : outcomeOf(change, ended).word);
  return alikeGroups(plan.changes, { each, tag: endOf })
    .map((group) => ({ group, rank: rankOf(group[0]) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ group }) => {
      const { symbol } = verbs[group[0].verb];
      const how = outcomes === undefined ? intended(group) : outcomeOfAll(group, ended);
      const object = `${symbol} ${nameRanges(group.map(({ address }) => address)).join(", ")}`;
      const title = `${htmlCode(object)} ${plainHtml(oneLine(how))}`;
      const details = groupDetails(group).map(diffLine);
      return {
        short: `- ${inlineCode(object)} ${plainMarkdown(oneLine(how))}\n`,
        full: `<details><summary>${title}</summary>\n\n${details.length === 0 ? "" : `${codeBlock("diff", details)}\n`}</details>\n`,
      };
    });
}

/** Losses first, then interrupted guests, then what changes, then what is new. */
function rankOf(change: Change): number {
  if (change.actions.some(({ destroys }) => destroys !== undefined)) return 0;
  if (effectOf(change) === "restart") return 1;
  return change.verb === "create" ? 3 : 2;
}

function intended(group: AlikeChanges): string {
  return group.length === 1 ? groupReason(group) : `(${group.length} alike) ${groupReason(group)}`;
}

interface End {
  readonly word: string;
  readonly milliseconds: number;
}

function outcomeOf(change: Change, ended: ReadonlyMap<string, Outcome>): End {
  const outcomes = change.actions.flatMap(({ id }) => ended.get(id) ?? []);
  const worst = (["failed", "cancelled", "skipped"] as const).find((status) => outcomes.some((outcome) => outcome.status === status));
  const milliseconds = outcomes.reduce((sum, outcome) => sum + outcome.milliseconds, 0);
  return { word: worst ?? (outcomes.length === 0 ? "nothing to do" : "done"), milliseconds };
}

function outcomeOfAll(group: AlikeChanges, ended: ReadonlyMap<string, Outcome>): string {
  const ends = group.map((change) => outcomeOf(change, ended));
  const { word } = ends[0] ?? { word: "" };
  const most = Math.max(...ends.map(({ milliseconds }) => milliseconds));
  if (group.length === 1) return word === "done" ? `done in ${formatDuration(most)}` : word;
  return `(${group.length} alike) ${word === "done" ? `done, each in at most ${formatDuration(most)}` : word}`;
}

/** A line of a change as a line of a difference, whose first character decides the colour. */
function diffLine(line: Line): string {
  const text = textOf(line);
  const inner = /^ {4}([+-] .*)$/.exec(text);
  return inner?.[1] ?? text.replace(/^~ /, "! ");
}

function oneLine(text: string): string {
  return text.replace(/\s*\r?\n\s*/g, " ");
}

function footer(record: RunRecord, { now, commit, version, command }: ReportHead): string {
  const { plan } = record;
  const next =
    plan === undefined || !succeeded(record) || record.outcomes !== undefined || hasChanges(plan) ? [] : [whatMatches(plan, command)];
  const parts = [
    ...(plan === undefined ? [] : [inlineCode(plan.target.uri)]),
    ...(commit === undefined ? [] : [`commit ${inlineCode(commit.slice(0, 12))}`]),
    `${now.toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `virtform ${version}`,
  ];
  return block([...next, `<sub>${parts.join(" · ")}</sub>`])
    .trimEnd()
    .concat("\n");
}
