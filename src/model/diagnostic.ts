import type { Address } from "./address.ts";
import type { Pointer } from "./pointer.ts";

/** A place in a file of the user's. Lines and columns count from one. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The offending text, one line, as the user wrote it. */
  readonly text?: string;
  /** The whole line that it is in. Absent where the line may hold a secret. */
  readonly source?: string;
}

/**
 * Something to tell the user. `summary` is short and in fixed words; `detail` says in full sentences what is wrong,
 * why it matters and what to do. Problems are collected and shown together.
 */
export interface Diagnostic {
  readonly severity: "error" | "warning" | "note";
  /** Stable, kebab-case: `unknown-key`, `flavor-disk-smaller-than-image`. */
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  readonly address?: Address;
  /** Where it is in the configuration. */
  readonly pointer?: Pointer;
  /** Keys below the place that the address has in the configuration, as long as `pointer` is not known. */
  readonly key?: Pointer;
  /** The same place in a file. */
  readonly at?: Place;
  /** What it is about could not be compared, so the plan is not complete. */
  readonly unseen?: true;
  /** An error that is a warning only where the loss of data at all of these addresses was allowed in advance. */
  readonly allowedBy?: readonly Address[];
  /** It follows from what is written or kept, and is true in every plan until that changes. */
  readonly lasting?: true;
  /** It lasts, and nothing that it is about changes in this plan: it was said when that was applied. */
  readonly known?: true;
}

/** Whether any of them forbids going on. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}
