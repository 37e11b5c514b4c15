import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { errorMessage } from "../model/errors.ts";

/** The log of one apply, on the host, for people: which actions began and how they ended. Nothing depends on it, so nothing here throws. */
export interface Journal {
  write(record: { readonly action: string; readonly status: string; readonly error?: string }): Promise<void>;
  /** Marks the end of the apply; its absence tells the next one that this one was interrupted. */
  end(): Promise<void>;
}

const kept = 20;

/**
 * Opens a new journal and removes the oldest ones. Actions hold no secrets, so neither does the journal. `warn` is told when it
 * cannot be written, and once only.
 */
export async function openJournal(context: Context, warn: (diagnostic: Diagnostic) => void): Promise<Journal> {
  const { files, now } = context.host;
  const directory = context.layout.journals;
  const path = `${directory}/${now().toISOString().replaceAll(/[:.]/g, "-")}-${process.pid}.jsonl`;
  let warned = false;
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!warned) warn(notWritten(path, error));
      warned = true;
    }
  };
  const append = (record: object) => attempt(() => files.appendLine(path, JSON.stringify({ at: now().toISOString(), ...record })));
  await attempt(async () => {
    await files.makeDirectory(directory);
    const names = (await files.list(directory)).map((entry) => entry.name).filter((name) => name.endsWith(".jsonl"));
    for (const name of names.slice(0, Math.max(0, names.length - kept + 1))) await files.remove(`${directory}/${name}`);
  });
  await append({ status: "apply-started", project: context.project });
  return { write: append, end: () => append({ status: "apply-ended" }) };
}

function notWritten(path: string, error: unknown): Diagnostic {
  return {
    severity: "warning",
    code: "journal-not-written",
    summary: `The journal of this apply is incomplete: ${path}`,
    detail: `${errorMessage(error).replace(/\.$/, "")}. It is kept for people to read; what is applied does not depend on it.`,
  };
}

/** The actions that the last apply of this project had begun and not ended when it was interrupted; empty when it ended in order. */
export async function interruptedActions(context: Context): Promise<string[]> {
  const { files } = context.host;
  const names = (await files.list(context.layout.journals)).map((entry) => entry.name).filter((name) => name.endsWith(".jsonl"));
  for (const name of names.reverse()) {
    const records = parseRecords((await files.read(`${context.layout.journals}/${name}`))?.toString("utf8") ?? "");
    if (records[0]?.project !== context.project) continue;
    if (records.some((record) => record.status === "apply-ended")) return [];
    const open = new Set<string>();
    for (const { action, status } of records) {
      if (action === undefined) continue;
      if (status === "started") open.add(action);
      else open.delete(action);
    }
    return [...open];
  }
  return [];
}

/** A line that a crash cut short is passed over. */
function parseRecords(text: string): { action?: string; status?: string; project?: string }[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}
