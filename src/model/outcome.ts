/** How one action ended. */
export interface Outcome {
  readonly action: string;
  readonly status: "done" | "failed" | "skipped" | "cancelled";
  readonly milliseconds: number;
  /** Why it failed, for people; no stack. */
  readonly error?: string;
  /** For `skipped`: the action whose failure was the reason. */
  readonly because?: string;
}
