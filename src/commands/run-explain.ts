import { lookOnly } from "../decide.ts";
import { type Explanation, explain } from "../engine/explain.ts";
import { type Address, addressName } from "../model/address.ts";
import { closest } from "../model/closest.ts";
import { userError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import { matchesPattern } from "../model/matches-pattern.ts";
import type { Observed } from "../model/observed.ts";
import { isErrored, type Plan, type PlannedAction, plansOfHosts } from "../model/plan.ts";
import { instanceOf } from "../model/presentation.ts";
import { plan } from "../reconcile.ts";
import { explanationLines } from "../report/explain-text.ts";
import { paint } from "../report/style.ts";
import { runsOf } from "../runs-of.ts";
import type { Session } from "../session.ts";
import type { Invocation } from "./command.ts";
import { hostOfName } from "./host-of-name.ts";

/**
 * `plan --explain ADDR`: why objects are planned as they are. Names are those of targets. Resolves to the exit code; a plan with errors is shown instead.
 */
export async function runExplain(
  session: Session,
  invocation: Invocation,
  { event, color }: { readonly event: Reporter["event"]; readonly color: boolean },
): Promise<number> {
  refuseOthers(invocation);
  const mode = { do: invocation.flag("destroy") ? "destroy" : "apply" } as const;
  const runs = runsOf(session, { targets: [], replace: invocation.texts("replace"), mode: () => mode });
  const seen = new Map<string, Observed>();
  const shown = await plan(runs, async (run) => {
    const observed = await lookOnly(run);
    seen.set(run.name, observed);
    return observed;
  });
  if (!shown.complete) {
    event({ type: "plan", plan: shown });
    return 1;
  }
  const objects = plansOfHosts(shown).flatMap((plan) => {
    const [run, observed] = [runs.find(({ name }) => name === plan.host), seen.get(plan.host)];
    if (run === undefined || observed === undefined) throw new Error(`no look at ${plan.host}`);
    const request = { kinds: run.kinds, config: run.config, observed, plan, ...(run.places === undefined ? {} : { places: run.places }) };
    const addresses = new Set([...plan.changes, ...plan.unchanged].map(({ address }) => address));
    return [...addresses].map((address) => ({
      host: run.name,
      address,
      explained: () => (run.qualified ? inOutput(explain(address, request), run.name, shown) : explain(address, request)),
    }));
  });
  const explanations = invocation.texts("explain").flatMap((word) => {
    const { hosts, name } = hostOfName(session, word);
    const named = objects.filter(
      ({ host, address }) =>
        hosts.some((one) => one.name === host) &&
        matchesPattern(name, name.includes("/") ? address : (instanceOf(address) ?? addressName(address))),
    );
    if (named.length > 0) return named.map(({ explained }) => explained());
    throw unknown(
      name,
      objects.map(({ address }) => address),
    );
  });
  const json = invocation.flag("json") || invocation.text("format") === "json";
  const text = json
    ? `${JSON.stringify({ format_version: "1.0", explanations }, null, 2)}\n`
    : paint(explanations.flatMap(explanationLines), color);
  event({ type: "result", result: { kind: "document", text } });
  const errors = shown.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) event({ type: "failed", diagnostics: errors });
  return isErrored(shown) ? 1 : 0;
}

/** An explanation with the addresses of the plan for all hosts. */
function inOutput(explanation: Explanation, host: string, shown: Plan): Explanation {
  const address: Address = `${host}/${explanation.address}`;
  const named = (action: PlannedAction) => shown.actions.find(({ id }) => id === `${host}/${action.id}`) ?? action;
  const change = shown.changes.find((one) => one.address === address);
  return {
    ...explanation,
    address,
    ...(change === undefined ? {} : { change }),
    actions: explanation.actions.map(({ action, after, before }) => ({
      action: named(action),
      after: after.map(named),
      before: before.map(named),
    })),
  };
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
