/** How a command that changes a host is named in its summary, and what it says when there is nothing to do. */
export interface ChangingCommand {
  readonly name: string;
  /** Absent: the plan says what matches the configuration (`whatMatches`). */
  readonly nothing?: string;
}

/** The commands that carry out a plan, by name. Every other command only shows something. */
export const changingCommands: Readonly<Record<string, ChangingCommand>> = {
  apply: { name: "Apply" },
  destroy: { name: "Destroy", nothing: "There is nothing to destroy." },
  confirm: { name: "Confirm", nothing: "There is nothing to confirm." },
  restart: { name: "Restart", nothing: "No running guest waits for a restart." },
  start: { name: "Start", nothing: "The guests run." },
  stop: { name: "Stop", nothing: "The guests are off." },
  gc: { name: "Collection", nothing: "There is nothing to collect." },
};
