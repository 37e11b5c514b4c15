import { readFile } from "node:fs/promises";
import { editYaml } from "../config/edit-yaml.ts";
import { unifiedDiff } from "../config/unified-diff.ts";
import { type DriftEdit, driftEdits, type Inexpressible } from "../kinds/instance/drift-edits.ts";
import { UserError } from "../model/errors.ts";
import { isErrored } from "../model/plan.ts";
import { problem } from "../model/problem.ts";
import { decide, look } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import { type CheckedConfig, onlyHost, readConfig } from "../session.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { namesAndPaths } from "./names-and-paths.ts";
import { openConfigured, variableInputs } from "./open-session.ts";
import { reported } from "./reported.ts";
import { rewriteFile } from "./rewrite-file.ts";

/** `drift --accept`: what has to be written so that the host as it is becomes the wanted state. Exits 2 if something cannot be written. */
export function runAccept(invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "drift" }, async ({ event }) => {
    const { names, paths } = namesAndPaths(invocation);
    const { place } = await readConfig(paths, variableInputs(io));
    await using session = await openConfigured(paths, io);
    onlyHost(session);
    const targets = [...names, ...invocation.texts("target")];
    const [run] = runsOf(session, { targets, mode: () => ({ do: "apply" }) });
    if (run === undefined) throw new Error("a session without hosts");
    const observed = await look({ ...run, context: { ...run.context, looksOnly: true } });
    const plan = decide(run, observed);
    if (isErrored(plan)) {
      event({ type: "plan", plan: { ...plan, unmanaged: [] } });
      return 1;
    }
    const found = driftEdits(plan.changes, run.config, observed);
    const running = plan.pending.flatMap(({ address, fields }) =>
      fields.flatMap(({ path, cause }): Inexpressible[] =>
        cause === "drift" ? [{ address, path, why: "was changed on the running guest only; make it last first (`virsh … --config`)" }] : [],
      ),
    );
    const { texts, left } = await editFiles(found.edits, place);
    for (const { address, path, why } of [...found.left, ...running, ...left]) {
      const summary = `${path} of ${address} cannot be accepted: it ${why}`;
      event({ type: "diagnostic", diagnostic: problem("drift-not-expressible", { summary, address }, "warning") });
    }
    const rest = found.left.length + running.length + left.length;
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

/** The files with the edits that can be made in them. One that an unusual notation prevents is left, as are those that belong with it. */
async function editFiles(
  edits: readonly DriftEdit[],
  place: CheckedConfig["place"],
): Promise<{ readonly texts: ReadonlyMap<string, FileTexts>; readonly left: readonly Inexpressible[] }> {
  const texts = new Map<string, FileTexts>();
  const left: Inexpressible[] = [];
  for (const edit of edits) {
    const path = edit.pointer.slice(edit.pointer[0] === "flavors" ? 0 : 2).join(".");
    const refuse = (why: string) => left.push({ address: edit.address, path, why });
    const entry = place?.(edit.pointer.slice(0, 2));
    const at = entry ?? place?.(edit.pointer.slice(0, 1));
    if (at === undefined) {
      refuse("has no place in a file");
      continue;
    }
    const made = entry?.text?.replace(/^["']|["']$/g, "");
    if (edit.pointer.length > 2 && made !== undefined && made !== edit.pointer[1] && !edit.pointer.includes(made)) {
      refuse(`was made from ${made} in ${at.file}:${at.line} (for_each or include); change it there`);
      continue;
    }
    const known = texts.get(at.file) ?? { before: await readFile(at.file, "utf8"), after: undefined };
    try {
      texts.set(at.file, { before: known.before, after: editYaml(known.after ?? known.before, [edit]) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refuse(error.diagnostics.map(({ detail = "" }) => `is written in a way that is not edited: ${detail}`).join(" "));
    }
  }
  return { texts, left };
}
