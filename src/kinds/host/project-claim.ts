import type { Context } from "../../model/context.ts";
import { UnreachableError } from "../../model/errors.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import { problem } from "../../model/problem.ts";
import { readOwnFiles } from "../../tools/own-file.ts";

/**
 * The record of which configuration a project belongs to: where that comes from. It is written by the first apply, below the instances
 * path, and removed when everything of the project is destroyed. Undefined without a record that can be used.
 */
export async function projectOwner(context: Context): Promise<string | undefined> {
  const path = context.layout.projectClaim(context.project);
  const [file] = await readOwnFiles(context, [path]).catch((error: unknown) => {
    // A host that does not answer is a problem of the look at the host.
    if (error instanceof UnreachableError) return [];
    throw error;
  });
  try {
    const record: unknown = JSON.parse(file?.content?.toString("utf8") ?? "");
    const origin = (record as { readonly origin?: unknown } | null)?.origin;
    return typeof origin === "string" ? origin : undefined;
  } catch {
    return undefined;
  }
}

/** Records that the project belongs to this configuration. The caller holds the project's lock. Failing in that is a warning. */
export async function claimProject(context: Context, origin: string): Promise<void> {
  const path = context.layout.projectClaim(context.project);
  try {
    await context.host.files.writeAtomic(path, `${JSON.stringify({ version: 1, project: context.project, origin })}\n`);
  } catch (error) {
    const failure = failureDiagnostics(error);
    if (failure === undefined) throw error;
    const detail = `${failure.map(({ summary }) => summary).join("; ")}. Without this record, another configuration with the same project is not noticed.`;
    context.warn?.(problem("record-not-written", { summary: `${path} cannot be written`, detail }, "warning"));
  }
}

/** Removes the record. */
export async function releaseProject(context: Context): Promise<void> {
  await context.host.files.remove(context.layout.projectClaim(context.project));
}
