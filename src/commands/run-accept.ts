import { readFile } from "node:fs/promises";
import { editYaml } from "../config/edit-yaml.ts";
import { unifiedDiff } from "../config/unified-diff.ts";
import { lookOnly } from "../decide.ts";
import { acceptedDrift } from "../kinds/accepted-drift.ts";
import type { DriftEdit, Inexpressible } from "../kinds/terms/drift-edit.ts";
import type { Places } from "../model/diagnostic-places.ts";
import { UserError } from "../model/errors.ts";
import type { Observed } from "../model/observed.ts";
import { isErrored, plansOfHosts } from "../model/plan.ts";
import { problem } from "../model/problem.ts";
import { plan } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { namesAndPaths } from "./names-and-paths.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";
import { rewriteFile } from "./rewrite-file.ts";
import { targetsOnHosts } from "./targets-on-hosts.ts";

/** `drift --accept`: what has to be written so that the host as it is becomes the wanted state. Exits 2 if something cannot be written. */
export function runAccept(invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "drift" }, async ({ event }) => {
    const { names, paths } = namesAndPaths(invocation);
    await using session = await openConfigured(paths, io);
    const targets = targetsOnHosts(session, [...names, ...invocation.texts("target")]);
    const runs = runsOf(session, { targets, mode: () => ({ do: "apply" }) });
    const seen = new Map<string, Observed>();
    const shown = await plan(runs, async (run) => {
      const observed = await lookOnly(run);
      seen.set(run.name, observed);
      return observed;
    });
    if (isErrored(shown)) {
      event({ type: "plan", plan: { ...shown, unmanaged: [] } });
      return 1;
    }
    const found = plansOfHosts(shown).map(({ host, changes, pending }) => {
      const [run, observed] = [runs.find(({ name }) => name === host), seen.get(host)];
      if (run === undefined || observed === undefined) throw new Error(`no look at ${host}`);
      const { edits, left } = acceptedDrift(changes, run.config, observed);
      const running = pending.flatMap(({ address, fields }) =>
        fields.flatMap(({ path, cause }): Inexpressible[] =>
          cause === "drift"
            ? [{ address, path, why: "was changed on the running guest only; make it last first (`virsh … --config`)" }]
            : [],
        ),
      );
      return { run, edits, left: [...left, ...running] };
    });
    const { texts, left } = await editFiles(
      found.flatMap(({ run, edits }) => edits.map((edit) => ({ edit, host: run.name, place: run.places?.place }))),
    );
    const all = found.flatMap(({ run, left: ofHost }) => {
      const refused = left.flatMap(({ host, ...one }) => (host === run.name ? [one] : []));
      return [...ofHost, ...refused].map((one) => ({
        ...one,
        address: run.qualified ? (`${run.name}/${one.address}` as const) : one.address,
      }));
    });
    for (const { address, path, why } of all) {
      const summary = `${path} of ${address} cannot be accepted: it ${why}`;
      event({
        type: "diagnostic",
        diagnostic: problem(
          "drift-not-expressible",
          { summary, detail: "Edit the configuration, or let `virtform apply` set it back.", address },
          "warning",
        ),
      });
    }
    const rest = all.length;
    if (texts.size === 0)
      event({ type: "result", result: { kind: "nothing", text: rest === 0 ? "There is no drift." : "Nothing can be written." } });
    for (const [file, { before, after }] of texts) {
      if (invocation.flag("write")) {
        await rewriteFile(file, () => after, "drift-accept");
        io.stderr.write(`Wrote ${file}.\n`);
      }
      event({ type: "result", result: { kind: "document", text: unifiedDiff(file, before, after) } });
    }
    return rest === 0 ? 0 : 2;
  });
}

interface FileTexts {
  readonly before: string;
  readonly after: string;
}

/** An edit that follows from one host, and where its configuration is written. */
interface EditOfHost {
  readonly edit: DriftEdit;
  readonly host: string;
  readonly place: Places["place"] | undefined;
}

/** The files with the edits that can be made in them. One that an unusual notation prevents is left, as are those that belong with it. */
async function editFiles(
  edits: readonly EditOfHost[],
): Promise<{ readonly texts: ReadonlyMap<string, FileTexts>; readonly left: readonly (Inexpressible & { readonly host: string })[] }> {
  const texts = new Map<string, FileTexts>();
  const left: (Inexpressible & { readonly host: string })[] = [];
  const made = new Map<string, { readonly host: string; readonly value: string }>();
  for (const { edit, host, place } of edits) {
    const path = edit.pointer.slice(edit.pointer[0] === "flavors" ? 0 : 2).join(".");
    const refuse = (why: string) => left.push({ host, address: edit.address, path, why });
    const entry = place?.(edit.pointer.slice(0, 2));
    const at = entry ?? place?.(edit.pointer.slice(0, 1));
    if (at === undefined) {
      refuse("has no place in a file");
      continue;
    }
    const writtenName = entry?.text?.replace(/^["']|["']$/g, "");
    if (edit.pointer.length > 2 && writtenName !== undefined && writtenName !== edit.pointer[1] && !edit.pointer.includes(writtenName)) {
      refuse(`was made from ${writtenName} in ${at.file}:${at.line} (for_each or include); change it there`);
      continue;
    }
    const [key, value] = [JSON.stringify([at.file, edit.pointer]), JSON.stringify(edit.value ?? null)];
    const other = made.get(key);
    if (other !== undefined && other.host !== host) {
      if (other.value !== value) refuse(`is written for ${other.host} as well, in ${at.file}, and differs there`);
      continue;
    }
    const known = texts.get(at.file) ?? { before: await readFile(at.file, "utf8"), after: undefined };
    try {
      texts.set(at.file, { before: known.before, after: editYaml(known.after ?? known.before, [edit]) });
      made.set(key, { host, value });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refuse(error.diagnostics.map(({ detail = "" }) => `is written in a way that is not edited: ${detail}`).join(" "));
    }
  }
  return { texts, left };
}
