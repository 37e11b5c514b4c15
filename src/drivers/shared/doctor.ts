import type { Diagnostic } from "../../model/diagnostic.ts";
import { CodedError, CommandError, errorMessage } from "../../model/errors.ts";
import type { Finding } from "../../model/finding.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";

/** Looks at a driver's storage for `doctor`. A failure becomes findings. `hint`: what to look at where a program refused. */
export async function lookForDoctor<Facts>(
  check: string,
  hint: string | undefined,
  look: () => Promise<Facts>,
): Promise<{ readonly facts: Facts } | { readonly failed: Finding[] }> {
  try {
    return { facts: await look() };
  } catch (error) {
    // The detail of a failed command is its command line.
    if (error instanceof CodedError && !(error instanceof CommandError))
      return { failed: error.diagnostics.map((diagnostic) => findingOf(check, diagnostic)) };
    return { failed: [withoutUndefined({ check, status: "error" as const, found: errorMessage(error), fix: hint })] };
  }
}

/** A problem of the plan as a finding of `doctor`. Pure. */
export function findingOf(check: string, { summary, detail }: Diagnostic): Finding {
  return withoutUndefined({ check, status: "error" as const, found: summary, fix: detail });
}

/** The first line of an error, for one line of output. Pure. */
export function firstLine(error: unknown): string {
  return errorMessage(error).split("\n")[0] ?? "";
}
