import { userError } from "../model/errors.ts";
import type { Host } from "../model/host.ts";
import { hasChanges, isErrored } from "../model/plan.ts";
import { plan } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import { type CommandDefinition, planOptions, replaceOptions } from "./command.ts";
import { readProfiles } from "./host-profile.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";

/** `virtform simulate`: a plan against a host that was recorded, without it. */
export const simulate: CommandDefinition = {
  summary: "Plan against a recorded host, without the host",
  usage: "--host-profile FILE [PATH…] [options]",
  description:
    "Shows what plan would show on the host that `virtform debug observe` recorded, as it was then. Neither libvirt nor ssh nor any file of the host is used. The profile belongs to one version of virtform, one project and one host.",
  options: {
    ...planOptions,
    ...replaceOptions,
    "host-profile": { type: "string", value: "FILE", help: "The host as `virtform debug observe` printed it." },
    json: { type: "boolean", help: "Print one JSON document, as plan does." },
    "detailed-exitcode": { type: "boolean", help: "Exit 0 without changes, 2 with changes, 1 on errors." },
  },
  examples: [
    ["virtform debug observe > kvm1.json", "Records the host, where it can be reached."],
    ["virtform simulate --host-profile kvm1.json", "Plans with it, in a pipeline without access to the host."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "plan" }, async ({ event }) => {
      const file = invocation.text("host-profile");
      if (file === undefined)
        throw userError("host-profile", "Missing option: --host-profile", "Usage: virtform simulate --host-profile FILE [PATH…].");
      await using session = await openConfigured(invocation.positionals, io, { openHost: async () => absentHost() });
      const profiles = await readProfiles(file, session);
      const runs = runsOf(session, {
        targets: invocation.texts("target"),
        exclude: invocation.texts("exclude"),
        replace: invocation.texts("replace"),
        mode: () => ({ do: "apply" }),
      });
      const made = await plan(runs, async ({ name, warnings }) => {
        const observed = profiles.get(name);
        if (observed === undefined) throw new Error(`no profile of ${name}`);
        return { ...observed, diagnostics: [...warnings, ...observed.diagnostics] };
      });
      event({ type: "plan", plan: made });
      if (isErrored(made)) return 1;
      return invocation.flag("detailed-exitcode") && hasChanges(made) ? 2 : 0;
    }),
};

/** A host that is not used: only its end is. Anything else is a bug. */
function absentHost(): Host {
  const known: Partial<Host> = { name: "a recorded host", close: async () => undefined, onClose: () => undefined };
  return new Proxy(known as Host, {
    get: (target, key) => {
      if (key in target || typeof key === "symbol" || key === "then" || key === "onTrace" || key === "libvirtUri")
        return Reflect.get(target, key);
      throw new Error(`a simulation asks the host for ${key}`);
    },
  });
}
