import { allDone } from "../model/all-done.ts";
import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { errorMessage } from "../model/errors.ts";
import type { SettleAndEnd } from "../model/host.ts";
import type { ImageEvent } from "../model/image-event.ts";
import { problem } from "../model/problem.ts";

/**
 * The log of one apply, on the host, for people: which actions started and how they ended. Nothing depends on it, so nothing here
 * throws, waits for the disk, or is waited for.
 */
export interface Journal {
  write(record: { readonly action: string; readonly status: string; readonly diagnostics?: readonly Diagnostic[] }): void;
  /** Records a step in the life of an image. */
  note(event: ImageEvent): void;
  /** Leaves what comes from now on for the end, and waits for what is under way. */
  halt(): Promise<void>;
  /**
   * Writes what was left, and marks the end of the apply; its absence tells the next one that this one was interrupted. Called after `halt`. `last`: does so as
   * the last work under a lock; what it throws is thrown.
   */
  end(last?: SettleAndEnd): Promise<void>;
  /** Writes what was left, without the mark, where the end of the apply failed. Called after `halt`. Never throws. */
  leave(): Promise<void>;
}

const kept = 20;
/** A journal of 5000 instances takes a quarter of this. */
const mostBytes = 32 * 2 ** 20;

/**
 * Opens a new journal and removes the oldest ones. Actions hold no secrets, so neither does the journal. `earlier`: paths of the journals that
 * exist. `warn` is called when it cannot be written, once at most.
 */
export async function openJournal(context: Context, earlier: readonly string[], warn: (diagnostic: Diagnostic) => void): Promise<Journal> {
  const { files, now } = context.host;
  const directory = context.layout.journals;
  const path = `${directory}/${now().toISOString().replaceAll(/[:.]/g, "-")}-${process.pid}.jsonl`;
  let warned = false;
  const warnOnce = (error: unknown) => {
    if (!warned) warn(notWritten(path, error));
    warned = true;
  };
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      warnOnce(error);
    }
  };
  const line = (record: object) => JSON.stringify({ at: now().toISOString(), ...record });
  // What is written while one append is under way goes with the next, so that the order holds and a slow host is not asked for each line.
  // That an action has ended goes with the start of the next one, which mostly follows at once.
  let pending: string[] = [];
  let writing: Promise<void> | undefined;
  let halted = false;
  const write = (record: object): Promise<void> => {
    pending.push(line(record));
    writing ??= writeOut();
    return writing;
  };
  const writeSoon = (record: object) => {
    pending.push(line(record));
    setImmediate(() => {
      if (pending.length > 0 && !halted) writing ??= writeOut();
    });
  };
  const writeOut = async () => {
    while (pending.length > 0 && !halted) {
      const lines = pending;
      pending = [];
      await attempt(() => files.appendLines(path, lines));
    }
    writing = undefined;
  };
  // With journals in it, it exists: on a host elsewhere each turn is a round trip.
  if (earlier.length === 0) await attempt(() => files.makeDirectory(directory));
  const later = earlier.filter((other) => other > path);
  const oldest = earlier.slice(0, Math.max(0, earlier.length - kept + 1));
  // What cannot be removed, such as a directory of such a name, stays: it must not end the journal.
  const removed = oldest.map((other) => files.remove(other).catch(() => undefined));
  void write({ status: "apply-started", project: context.project });
  // A clock that was wrong has named them after this one. Without the mark they would count as the last apply.
  for (const other of later) {
    const { records } = await read(context, other);
    if (records?.[0]?.project === context.project) await attempt(() => files.appendLines(other, [line({ status: superseded })]));
  }
  return {
    write: (record) => void (record.status === "started" ? write(record) : writeSoon(record)),
    note: ({ event, ...rest }) => writeSoon({ status: event, ...rest }),
    async halt() {
      halted = true;
      await allDone([Promise.resolve(writing), ...removed]);
    },
    async end(last) {
      const lines = [...pending, line({ status: "apply-ended" })];
      if (last === undefined) return attempt(() => files.appendLines(path, lines));
      const failure = await last({ path, lines });
      if (failure !== undefined) warnOnce(failure);
    },
    async leave() {
      // The failure of the apply is what is reported.
      if (pending.length > 0) await files.appendLines(path, pending).catch(() => undefined);
    },
  };
}

const superseded = "apply-superseded";

function notWritten(path: string, error: unknown): Diagnostic {
  return problem(
    "journal-not-written",
    {
      summary: `The journal of this apply is incomplete: ${path}`,
      detail: `${errorMessage(error).replace(/\.$/, "")}. It is kept for people to read; what is applied does not depend on it.`,
    },
    "warning",
  );
}

/** What the journals say about the last apply of a project. */
export interface Interrupted {
  /** Ids of actions that it had started and not ended; empty when it ended in order. */
  readonly actions: readonly string[];
  /** One for each journal that cannot be read. */
  readonly diagnostics: readonly Diagnostic[];
  /** Paths of all journals by name, so by time as a rule; none where they cannot be listed. */
  readonly journals: readonly string[];
}

/** The actions that the last apply of this project had started and not ended when it was interrupted. Never throws for a journal's sake. */
export async function interruptedActions(context: Context): Promise<Interrupted> {
  const diagnostics: Diagnostic[] = [];
  const journals = await journalsOf(context).catch((error: unknown) => {
    diagnostics.push(notRead(context.layout.journals, errorMessage(error)));
    return [];
  });
  for (const path of journals.toReversed()) {
    const { records, problem } = await read(context, path);
    if (problem !== undefined) diagnostics.push(notRead(path, problem));
    if (records?.[0]?.project !== context.project || records.some(({ status }) => status === superseded)) continue;
    return { actions: records.some(({ status }) => status === "apply-ended") ? [] : unfinished(records), diagnostics, journals };
  }
  return { actions: [], diagnostics, journals };
}

function unfinished(records: readonly JournalRecord[]): string[] {
  const open = new Set<string>();
  for (const { action, status } of records) {
    if (action === undefined) continue;
    if (status === "started") open.add(action);
    else open.delete(action);
  }
  return [...open];
}

/** Paths of all journals by name, so by time as a rule. */
async function journalsOf({ host, layout }: Context): Promise<string[]> {
  return (await host.files.list(layout.journals))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => `${layout.journals}/${name}`);
}

type JournalRecord = { readonly action: string | undefined; readonly status: string | undefined; readonly project: string | undefined };

/** The records of one journal, or why they cannot be had. */
async function read(context: Context, path: string): Promise<{ readonly records?: readonly JournalRecord[]; readonly problem?: string }> {
  const { files } = context.host;
  try {
    const [stat, [content]] = await allDone([files.stat(path), files.readMany([{ path, length: mostBytes }])]);
    if (stat === undefined) return {};
    if (stat.type !== "file")
      return { problem: `It is not a regular file but ${stat.type === "other" ? "a special one" : `a ${stat.type}`}.` };
    if (stat.size > mostBytes) return { problem: `It has ${stat.size} bytes; at most ${mostBytes} are read.` };
    return { records: parseRecords(content?.toString("utf8") ?? "") };
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}

function notRead(path: string, why: string): Diagnostic {
  return problem(
    "journal-not-readable",
    {
      summary: `A journal of an earlier apply cannot be read: ${path}`,
      detail: `${why.replace(/\.$/, "")}. It is ignored; what is applied does not depend on it. Remove it if it does not belong there.`,
    },
    "warning",
  );
}

/** A line that a crash cut short, or that is no record, is ignored. */
function parseRecords(text: string): JournalRecord[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = line === "" ? null : JSON.parse(line);
      if (typeof value !== "object" || value === null) return [];
      const { action, status, project } = value as Readonly<Record<string, unknown>>;
      return [{ action: textOf(action), status: textOf(status), project: textOf(project) }];
    } catch {
      return [];
    }
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
