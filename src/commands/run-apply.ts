import { confirmChanges } from "../kinds/disk/confirm.ts";
import { unusedBases } from "../kinds/image/remove.ts";
import { userError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import type { Plan } from "../model/plan.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { reconcile } from "../reconcile.ts";
import type { Mode } from "../reconciliation.ts";
import { runsOf } from "../runs-of.ts";
import type { HostSession } from "../session.ts";
import { collection } from "./collection.ts";
import type { Invocation } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { type Interrupt, listenForInterrupt } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { openConfigured, openSaved } from "./open-session.ts";
import { refuseUnknownActions } from "./plan-file.ts";
import { reported } from "./reported.ts";
import { startedGuests } from "./started-guests.ts";
import { targetsOnHosts } from "./targets-on-hosts.ts";

interface Options {
  readonly command: "apply" | "destroy" | "confirm" | "gc" | "restart" | "start" | "stop";
  /** What a command works on that takes other words than paths. */
  readonly scope?: {
    readonly paths: readonly string[];
    readonly names: readonly string[];
    /** The names choose hosts and what `mode` does there, but are no targets of the plan. */
    readonly untargeted?: true;
    /** `names`: those of this host. */
    readonly mode: (names: readonly string[], host: HostSession) => Mode;
  };
  readonly savedPlan?: { readonly path: string; readonly plan: Plan };
}

/** What `apply`, `destroy` and `confirm` share. Resolves to the exit code. */
export async function runApply(invocation: Invocation, io: Io, options: Options): Promise<number> {
  let onStop = () => {};
  using interrupt = listenForInterrupt(() => onStop(), io.outputFailed);
  const { command } = options;
  return await reported(invocation, io, { command, interactive: true, onInterrupt: interrupt.press }, (reporter) => {
    onStop = () => reporter.event({ type: "apply.stopping" });
    return reconcileWith(invocation, io, options, { reporter: stoppable(reporter, interrupt), interrupt });
  });
}

async function reconcileWith(
  invocation: Invocation,
  io: Io,
  { command, savedPlan, scope }: Options,
  { reporter, interrupt }: { readonly reporter: Reporter; readonly interrupt: Interrupt },
): Promise<number> {
  const parallelism = parseParallelism(invocation.text("parallelism"));
  const lockTimeoutMs = parseDuration(invocation.text("lock-timeout") ?? "30s", "lock-timeout");
  await using session = await (savedPlan === undefined
    ? openConfigured(scope?.paths ?? invocation.positionals, io, {
        signal: interrupt.abort,
        takeOverProject: invocation.flag("take-over-project"),
      })
    : openSaved(savedPlan.plan, io, interrupt.abort));
  if (savedPlan !== undefined) {
    const types = session.hosts.flatMap(({ kinds }) => kinds).flatMap(({ actions }) => actions);
    refuseUnknownActions(savedPlan.path, savedPlan.plan, types);
  }
  const losesData = command === "apply" || command === "destroy";
  const allowed = losesData ? invocation.texts("allow-destroy") : [];
  const mode =
    scope === undefined
      ? modeOf(savedPlan?.plan.purpose ?? command, invocation)
      : (host: HostSession, names: readonly string[]) => scope.mode(names, host);
  const runs = runsOf(session, {
    targets: scope === undefined ? invocation.texts("target") : targetsOnHosts(session, scope.names),
    exclude: scope === undefined ? invocation.texts("exclude") : [],
    replace: invocation.texts("replace"),
    mode,
  });
  const { verdict, plan } = await reconcile(scope?.untargeted === true ? runs.map((run) => ({ ...run, targets: [] })) : runs, {
    reporter,
    ...withoutUndefined({ parallelism, savedPlan: savedPlan?.plan }),
    lockTimeoutMs,
    autoApprove: invocation.flag("auto-approve"),
    allowDestroy: allowed.includes("*") ? "all" : allowed,
    stop: interrupt.stop,
  });
  if (verdict === "done" && command === "apply") {
    const guests = await startedGuests(plan, session.hosts);
    if (guests.length > 0)
      reporter.event({ type: "guests.started", guests, ...sameConfiguration(invocation, io, savedPlan !== undefined) });
  }
  return verdict === "done" || verdict === "nothing-to-do" ? 0 : 1;
}

/** The words around a command that reach the configuration of this one. A saved plan was made of a configuration that it does not name. */
function sameConfiguration(invocation: Invocation, io: Io, isSaved: boolean) {
  const named = isSaved
    ? []
    : [...invocation.positionals, ...invocation.ordered("host", "var", "var-file").flatMap(({ option, value }) => [`--${option}`, value])];
  return { before: io.directory === undefined ? [] : ["-C", io.directory], behind: named };
}

/** Skips the question when the user has already asked to stop. */
function stoppable(reporter: Reporter, { stop }: Interrupt): Reporter {
  const { confirm } = reporter;
  return {
    event: (event) => reporter.event(event),
    close: () => reporter.close(),
    ...(confirm === undefined ? {} : { confirm: async (question) => !stop.aborted && confirm.call(reporter, question) }),
  };
}

function modeOf(command: Options["command"], invocation: Invocation): (host: HostSession) => Mode {
  if (command === "gc") return ({ config }) => collection(config, invocation.text("min-age"));
  if (command === "confirm") return () => ({ do: "only", changes: confirmChanges });
  if (command === "apply") return () => ({ do: "apply" });
  const images = invocation.flag("images");
  return ({ context: { project } }) => ({ do: "destroy", ...(images ? unusedBases(project) : {}) });
}

function parseParallelism(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 256) return number;
  throw userError(
    "bad-parallelism",
    `--parallelism: "${text}" is not a number from 1 to 256`,
    "It says how many actions run at the same time; the default is 4, on a host over ssh 10.",
  );
}
