import type { Diagnostic } from "./diagnostic.ts";

/** How one action ended. */
export interface Outcome {
  readonly action: string;
  readonly status: "done" | "failed" | "skipped" | "cancelled";
  readonly milliseconds: number;
  /** Why it failed or was stopped; empty for `done` and `skipped`. A bug in virtform has its stack as its detail. */
  readonly diagnostics: readonly Diagnostic[];
  /** For `skipped`: the action whose failure was the reason. */
  readonly because?: string;
}
