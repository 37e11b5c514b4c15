import type { ClaimsSeen } from "../../model/claims-seen.ts";
import type { Context } from "../../model/context.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import type { FileChange } from "../../model/host.ts";
import type { CapacityClaim } from "../../model/host-facts.ts";
import { perHost } from "../../model/per-host.ts";
import { problem } from "../../model/problem.ts";
import { ownFileBytes, readOwnFiles } from "../../tools/own-file.ts";

/*
 * The ledger of a host: what applies that run now bring to it, one claim for each, in one file of the state directory, changed under one
 * lock. A claim names the lock that its apply holds on its project, so that the claim of a process that was killed is void.
 */

/** One claim as it is written. */
interface Entry extends CapacityClaim {
  /** Path of the lock that the apply holds. */
  readonly lock: string;
  /** Device number of the file system that the instances path is on; empty when not known. */
  readonly device: string;
  /** When it was made: two claims are never the same text, so a ledger that has not changed shows that none ended meanwhile. */
  readonly since?: string;
}

type Machine = Pick<Context, "host" | "layout" | "project">;

const stateDirectoryOf = perHost((host) => host.account().then(({ stateDirectory }) => stateDirectory));

/** The ledger as it is now. The caller holds the lock of its project, so the instances path exists. */
export async function seeLedger(context: Context): Promise<ClaimsSeen> {
  const [text, device] = await Promise.all([readLedger(context), deviceOf(context)]);
  return { text, device };
}

async function readLedger(context: Context): Promise<string> {
  const [file] = await readOwnFiles(context, [await pathOf(context)]);
  return textOfLedger(file?.content);
}

function textOfLedger(content: Buffer | undefined): string {
  return content === undefined || content.length >= ownFileBytes ? "" : content.toString("utf8");
}

/** What applies of other projects that run now claim. */
export async function otherClaims(context: Context): Promise<CapacityClaim[]> {
  const text = await readLedger(context);
  if (text === "") return [];
  const [device, live] = await Promise.all([deviceOf(context), liveOthers(context, text)]);
  return live.map(({ project, guests, diskBytes, pools = {}, device: where }) => {
    return { project, guests, diskBytes: where === device || device === "" ? diskBytes : 0, pools };
  });
}

/** What an apply claims; undefined when nothing. */
export type Claimed = Omit<CapacityClaim, "project"> | undefined;

/**
 * Claims room for an apply, whose caller holds the lock of its project. `seen`: the ledger before the look that `first` follows from. Where
 * others claimed or gave back room since, `again` decides once more while the ledger is locked. A ledger that cannot be written is a warning.
 */
export async function claimRoom(
  context: Context,
  { text: seen, device }: ClaimsSeen,
  first: Claimed,
  again: () => Promise<Claimed>,
): Promise<AsyncDisposable> {
  const isOwn = ({ lock }: Entry) => lock === ownLock(context);
  let entered = entriesOf(seen).some(isOwn);
  let isDeciding = false;
  if (first === undefined && !entered) return { [Symbol.asyncDispose]: async () => undefined };
  const own = { project: context.project, lock: ownLock(context), device, since: context.host.now().toISOString() };
  let written: readonly Entry[] = first === undefined ? [] : [{ ...own, ...first }];
  // Without other claims, nothing has to be looked at before it is known what is written.
  const guess = seen === "" && first !== undefined ? { text: seen, entries: written } : undefined;
  try {
    await changeLedger(context, guess, async (text) => {
      const others = await liveOthers(context, text);
      // A claim of a process that ended during the look may have been counted neither as a claim nor by what it made.
      const holds = text === seen && others.length === entriesOf(text).filter((entry) => !isOwn(entry)).length;
      isDeciding = !holds;
      const claimed = holds ? first : await again();
      isDeciding = false;
      entered ||= claimed !== undefined;
      written = claimed === undefined ? others : [...others, { ...own, ...claimed }];
      return written;
    });
    // A right guess is written without asking for more.
    entered ||= guess !== undefined;
  } catch (error) {
    const failure = failureDiagnostics(error);
    // What goes wrong while deciding is not about the ledger.
    if (failure === undefined || isDeciding || context.warn === undefined) throw error;
    const summary = `${await pathOf(context)} cannot be written`;
    const detail = `${failure.map((one) => one.summary).join("; ")}. Applies of other projects that run at the same time do not see what this one brings to the host.`;
    context.warn(problem("capacity-not-claimed", { summary, detail }, "warning"));
  }
  const withoutOwn = (entries: readonly Entry[]) => entries.filter((entry) => !isOwn(entry));
  const release = () =>
    changeLedger(context, { text: textOfEntries(written), entries: withoutOwn(written) }, async (text) => withoutOwn(entriesOf(text)));
  return { [Symbol.asyncDispose]: async () => (entered ? await release().catch(voidAnyway) : undefined) };
}

/** A claim that cannot be removed is void with the end of this process. */
function voidAnyway(error: unknown): void {
  if (failureDiagnostics(error) === undefined) throw error;
}

/** `guess`: a text that the ledger probably has, and the entries that `change` makes of it. */
async function changeLedger(
  context: Context,
  guess: { readonly text: string; readonly entries: readonly Entry[] } | undefined,
  change: (text: string) => Promise<readonly Entry[]>,
): Promise<void> {
  const { host, signal } = context;
  const path = await pathOf(context);
  const lock = { path: path.replace(/\.json$/, ""), purpose: `capacity of project ${context.project}`, timeoutMs: waitMs, signal };
  const changesTo = (text: string, entries: readonly Entry[]): readonly FileChange[] => {
    const written = textOfEntries(entries);
    if (written === text) return [];
    return [written === "" ? { do: "remove", path } : { do: "write", path, data: written, mode: 0o600, staged: true }];
  };
  // Claims end with the processes that made them, so a power cut may take the file: its name is put on the disk later.
  if (host.rewrite !== undefined) {
    const decide = async (text: string) => changesTo(text, await change(text));
    const guessed =
      guess === undefined
        ? undefined
        : { content: guess.text === "" ? undefined : Buffer.from(guess.text), changes: changesTo(guess.text, guess.entries) };
    return host.rewrite(lock, { path, length: ownFileBytes }, (content) => decide(textOfLedger(content)), guessed);
  }
  await host.lock(lock, async () => {
    const text = await readLedger(context);
    const changes = changesTo(text, await change(text));
    if (changes.length > 0) await host.files.change(changes, "later");
  });
}

function textOfEntries(entries: readonly Entry[]): string {
  return entries.length === 0 ? "" : `${JSON.stringify({ version: 1, claims: entries })}\n`;
}

/** A ledger is locked for a moment, or for one look at the host. */
const waitMs = 60_000;

async function pathOf({ host, layout }: Pick<Context, "host" | "layout">): Promise<string> {
  return layout.ledger(await stateDirectoryOf(host));
}

/** Claims of other applies whose process runs. */
async function liveOthers(context: Machine, text: string): Promise<Entry[]> {
  const others = entriesOf(text).filter(({ lock }) => lock !== ownLock(context));
  const live = await Promise.all(others.map(({ lock }) => context.host.isLocked(lock)));
  return others.filter((_, index) => live[index]);
}

/** The path of the lock that an apply holds on its project. */
function ownLock({ layout, project }: Machine): string {
  return layout.lock(`apply-${project}`);
}

async function deviceOf({ host, layout }: Machine): Promise<string> {
  const [found] = await host.files.identify([layout.root]);
  return found?.id.split(":")[0] ?? "";
}

/** What a ledger holds. A damaged one, and a damaged claim, count as none. */
function entriesOf(text: string): readonly Entry[] {
  if (text === "") return [];
  try {
    const claims = (JSON.parse(text) as { readonly claims?: unknown } | null)?.claims;
    return Array.isArray(claims) ? claims.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  const { project, lock, device, guests, diskBytes, pools = {} } = (value ?? {}) as Partial<Record<keyof Entry, unknown>>;
  const texts = [project, lock, device].every((part) => typeof part === "string");
  return texts && String(lock).startsWith("/") && isAmount(diskBytes) && isAmounts(pools) && Array.isArray(guests) && guests.every(isGuest);
}

function isGuest(value: unknown): boolean {
  const { uuid, memory, vcpus } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof uuid === "string" && isAmount(memory) && isAmount(vcpus);
}

function isAmounts(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every(isAmount);
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
