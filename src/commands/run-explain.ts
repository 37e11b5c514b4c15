import { explain } from "../engine/explain.ts";
import { addressName } from "../model/address.ts";
import { closest } from "../model/closest.ts";
import { userError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import { matchesPattern } from "../model/matches-pattern.ts";
import { isErrored } from "../model/plan.ts";
import { instanceOf } from "../model/presentation.ts";
import { decide, look } from "../reconcile.ts";
import { explanationLines } from "../report/explain-text.ts";
import { paint } from "../report/style.ts";
import { runsOf } from "../runs-of.ts";
import { onlyHost, type Session } from "../session.ts";
import type { Invocation } from "./command.ts";

/**
 * `plan --explain ADDR`: why objects are planned as they are. Names are those of targets. Resolves to the exit code; a plan with errors is shown instead.
 */
export async function runExplain(
  session: Session,
  invocation: Invocation,
  { event, color }: { readonly event: Reporter["event"]; readonly color: boolean },
): Promise<number> {
  onlyHost(session);
  refuseOthers(invocation);
  const names = invocation.texts("explain");
  const mode = { do: invocation.flag("destroy") ? "destroy" : "apply" } as const;
  const [run] = runsOf(session, { targets: [], replace: invocation.texts("replace"), mode: () => mode });
  if (run === undefined) throw new Error("a session without hosts");
  const observed = await look({ ...run, context: { ...run.context, looksOnly: true } });
  const plan = decide(run, observed);
  if (!plan.complete) {
    event({ type: "plan", plan });
    return 1;
  }
  const addresses = [...new Set([...plan.changes, ...plan.unchanged].map(({ address }) => address))];
  const request = { kinds: run.kinds, config: run.config, observed, plan, ...(run.places === undefined ? {} : { places: run.places }) };
  const explanations = names.flatMap((name) => {
    const named = addresses.filter((address) =>
      matchesPattern(name, name.includes("/") ? address : (instanceOf(address) ?? addressName(address))),
    );
    if (named.length === 0) throw unknown(name, addresses);
    return named.map((address) => explain(address, request));
  });
  const json = invocation.flag("json") || invocation.text("format") === "json";
  const text = json
    ? `${JSON.stringify({ format_version: "1.0", explanations }, null, 2)}\n`
    : paint(explanations.flatMap(explanationLines), color);
  event({ type: "result", result: { kind: "document", text } });
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) event({ type: "failed", diagnostics: errors });
  return isErrored(plan) ? 1 : 0;
}

/** Options that an explanation has no use for. */
const others = ["out", "target", "exclude", "report", "detailed-exitcode", "tui", "pending"];

function refuseOthers({ flag, text, texts }: Invocation): void {
  const given = others.find((option) => flag(option) || texts(option).length > 0);
  const format = text("format");
  const other = given ?? (format === undefined || format === "text" || format === "json" ? undefined : "format");
  if (other === undefined) return;
  throw userError(
    "bad-option",
    `--${other} has no use with --explain`,
    "An explanation is text, or JSON with --json, of the objects that --explain names. Leave the option out.",
  );
}

function unknown(name: string, addresses: readonly string[]) {
  const near = closest(name, [...addresses, ...addresses.map((address) => addressName(address as `${string}/${string}`))]);
  const detail = `No declared or existing object has this name.${near === undefined ? "" : ` Did you mean "${near}"?`} \`virtform plan\` names what changes, \`virtform show\` what exists.`;
  return userError("unknown-target", `Nothing to explain: ${name}`, detail);
}
