import type { Change } from "../model/change.ts";
import { hasErrors } from "../model/diagnostic.ts";
import { canApply, countChanges, isErrored, type Plan } from "../model/plan.ts";
import { presentationOf } from "../model/presentation.ts";
import { alikeGroups, groupDetails, groupHeader } from "./alike.ts";
import { eventHooks, eventHookTitle } from "./event-hooks.ts";
import { forecastLine } from "./forecast-line.ts";
import { ignoredLines } from "./ignored-lines.ts";
import { nameRanges } from "./name-ranges.ts";
import type { ReporterOptions } from "./options.ts";
import { pendingLines } from "./pending-line.ts";
import { planImpact } from "./plan-impact.ts";
import { count } from "./quantities.ts";
import { type Line, paint, span } from "./style.ts";
import { variableValue } from "./variable-value.ts";
import { whatMatches } from "./what-matches.ts";

type Command = ReporterOptions["command"];

/** A whole plan as text: the body and the closing line. Diagnostics are not part of it. */
export function formatPlan(plan: Plan, options: { readonly color: boolean; readonly command?: Command; readonly each?: boolean }): string {
  return paint([...planBody(plan, options), ...planClosing(plan, options.command ?? "plan")], options.color);
}

/** Every change with its details, losses of data, restarts, and unmanaged objects. Many that are alike are shown as one, unless `each`. */
export function planBody(plan: Plan, { each = false }: { readonly each?: boolean | undefined } = {}): Line[] {
  const lines: Line[] = variableLines(plan);
  for (const group of alikeGroups(plan.changes, { each })) {
    lines.push(groupHeader(group));
    for (const line of groupDetails(group)) lines.push([span("    "), ...line]);
    lines.push([]);
  }
  return [...lines, ...planFooter(plan)];
}

/** The values that the plan was made with. */
function variableLines({ variables = [] }: Plan): Line[] {
  if (variables.length === 0) return [];
  const width = Math.max(...variables.map(({ name }) => name.length));
  const lines = variables.map((variable): Line => {
    const { name, from } = variable;
    return [span(`  ${name.padEnd(width)} = ${variableValue(variable)}`), span(from === "default" ? "" : `  (${from})`, "faint")];
  });
  return [[span("Variables:", "strong")], ...lines, []];
}

function planFooter(plan: Plan): Line[] {
  const lines: Line[] = [];
  const { destroys, restarted, stopped } = planImpact(plan);
  if (destroys.length > 0)
    lines.push(
      [span("Data that will be permanently deleted:", "remove")],
      ...destroys.map((what) => [span("  - ", "remove"), span(what)]),
      [],
    );
  if (restarted.length > 0) lines.push([span("Guests restarted: ", "replace"), span(nameRanges(restarted).join(", "))], []);
  if (stopped.length > 0) lines.push([span("Guests stopped: ", "replace"), span(nameRanges(stopped).join(", "))], []);
  const hooks = eventHooks(plan);
  if (hooks.length > 0) lines.push([span(`${eventHookTitle}:`)], ...hooks.map((hook) => [span("  - "), span(hook)]), []);
  const forecast = forecastLine(plan);
  if (forecast !== undefined) lines.push([span(forecast)], []);
  const pending = pendingLines(plan.pending);
  if (pending.length > 0) lines.push(...pending, []);
  const { excluded = [] } = plan;
  if (excluded.length > 0) lines.push([span(`Left out (--exclude): ${nameRanges(excluded).join(", ")}`)], []);
  const ignored = ignoredLines(plan);
  if (ignored.length > 0) lines.push(...ignored, []);
  const unmanaged = unmanagedLine(plan);
  return unmanaged === undefined ? lines : [...lines, [span(unmanaged, "faint")], []];
}

/** The last line: the counts of the plan. The exit code follows from the same plan. */
export function planClosing(plan: Plan, command: Command): Line[] {
  const refused = (plan.hosts ?? []).filter(isErrored);
  if (refused.length > 0 && canApply(plan)) {
    const rest = (plan.hosts ?? []).filter((one) => !isErrored(one));
    const words = `because of the errors above; ${count(rest.length, "other host")}:`;
    return [
      [span(`Nothing can be applied on ${refused.map(({ host }) => host).join(", ")}`, "error"), span(`, ${words}`)],
      countsLine(
        plan,
        rest.flatMap(({ changes }) => changes),
        command,
      ),
    ];
  }
  if (!plan.complete) {
    const what = plan.diagnostics.some(({ unseen }) => unseen === true)
      ? "not everything could be compared"
      : "part of the host could not be read";
    return [[span("Plan incomplete: ", "error"), span(`${what}, so nothing can be applied.`)]];
  }
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error").length;
  if (hasErrors(plan.diagnostics))
    return [[span(`Plan has ${count(errors, "error")}`, "error"), span(`; fix ${errors === 1 ? "it" : "them"} before applying.`)]];
  return [countsLine(plan, plan.changes, command)];
}

function countsLine(plan: Plan, changes: readonly Change[], command: Command): Line {
  if (changes.length === 0) return [span("No changes.", "add"), span(` ${whatMatches(plan, command)}`)];
  const { add, change, destroy } = countChanges(changes);
  return [span("Plan:", "strong"), span(` ${add} to add, ${change} to change, ${destroy} to destroy.`)];
}

/** What else is on the host, in one line. */
function unmanagedLine(plan: Plan): string | undefined {
  if (plan.unmanaged.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const { what } of plan.unmanaged) counts.set(what, (counts.get(what) ?? 0) + 1);
  const parts = [...counts].map(([what, number]) => count(number, ...(presentationOf(what).noun ?? ([what, `${what}s`] as const))));
  return `Not managed here: ${parts.join(", ")} (shown by \`virtform show\`)`;
}
