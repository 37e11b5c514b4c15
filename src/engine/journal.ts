import type { Context } from "../model/context.ts";

/** The log of one apply, on the host, for people: which actions began and how they ended. Nothing depends on it. */
export interface Journal {
  write(record: { readonly action: string; readonly status: string; readonly error?: string }): Promise<void>;
  /** Marks the end of the apply; its absence tells the next one that this one was interrupted. */
  end(): Promise<void>;
}

const kept = 20;

/** Opens a new journal and removes the oldest ones. Actions hold no secrets, so neither does the journal. */
export async function openJournal(context: Context): Promise<Journal> {
  const { files, now } = context.host;
  const directory = context.layout.journals;
  await files.makeDirectory(directory);
  const names = (await files.list(directory)).map((entry) => entry.name).filter((name) => name.endsWith(".jsonl"));
  for (const name of names.slice(0, Math.max(0, names.length - kept + 1))) await files.remove(`${directory}/${name}`);
  const path = `${directory}/${now().toISOString().replaceAll(/[:.]/g, "-")}-${process.pid}.jsonl`;
  const append = (record: object) => files.appendLine(path, JSON.stringify({ at: now().toISOString(), ...record }));
  await append({ status: "apply-started", project: context.project });
  return { write: append, end: () => append({ status: "apply-ended" }) };
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
