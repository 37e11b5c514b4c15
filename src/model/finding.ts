/** What one check of `doctor` found. `fix` says what to do about anything that is not ok. */
export interface Finding {
  /** Absent in a session with one host. */
  readonly host?: string;
  readonly check: string;
  readonly status: "ok" | "warning" | "error";
  readonly found: string;
  readonly fix?: string;
}
