import assert from "node:assert/strict";
import type { Result } from "./virtform.ts";

/** One object of `plan --json`, as far as readers of Terraform's plans look at it. */
export interface ResourceChange {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
  readonly action_reason?: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: unknown;
    readonly after: unknown;
    readonly after_unknown: unknown;
    readonly before_sensitive: unknown;
    readonly after_sensitive: unknown;
    readonly replace_paths?: readonly (readonly (string | number)[])[];
    readonly virtform?: {
      readonly cause: string;
      readonly effect?: string;
      readonly destroys?: readonly string[];
      readonly fields?: readonly { readonly path: string; readonly cause?: string }[];
    };
  };
}

/** `plan --json` and `drift --json`. */
export interface PlanDocument {
  readonly format_version: string;
  readonly resource_changes: readonly ResourceChange[];
  readonly resource_drift: readonly ResourceChange[];
  readonly excluded?: readonly string[];
  readonly diagnostics: readonly { readonly severity: string; readonly code: string; readonly summary: string }[];
  readonly applyable: boolean;
  readonly complete: boolean;
  readonly errored: boolean;
}

/** The one document on standard output. */
export function readPlan({ stdout }: Pick<Result, "stdout">): PlanDocument {
  const document = JSON.parse(stdout) as PlanDocument;
  assert.equal(typeof document.complete, "boolean");
  return document;
}
