import type { Context } from "../../model/context.ts";
import { CommandError, UnreachableError } from "../../model/errors.ts";
import { perHost } from "../../model/per-host.ts";
import { guestfsError } from "./errors.ts";
import type { FoundFile, GuestDisk, GuestfsTrouble, GuestPartition, GuestWrite } from "./guest-disk.ts";
import { isGuestfsInstalled } from "./is-guestfs-installed.ts";
import { guestfsProgram } from "./program.ts";
import { guestfsPython } from "./python.ts";

/** A disk that no guest has, and where its file system is. */
export interface DiskToWrite {
  /** For messages: `disk of web`. */
  readonly name: string;
  readonly disk: GuestDisk;
  readonly partition: GuestPartition;
  /** The appliance runs without KVM. */
  readonly emulated: boolean;
  /** Paths that are read first. */
  readonly read: readonly string[];
  /** Paths that may be written, so that what is mounted for them has to be there. */
  readonly paths: readonly string[];
}

/** What one message of a session says. */
type Answer = {
  readonly found?: Readonly<Record<string, FoundFile>>;
  readonly failed?: readonly (readonly [number, string])[];
  readonly error?: GuestfsTrouble;
};

/** Of the whole session. Without KVM the appliance takes a quarter of a minute to start, and longer on a busy host. */
const timeoutMs = 10 * 60_000;
/** How often a host elsewhere hears from us, and how long its program goes on without. */
const beatMs = 15_000;
const silenceSeconds = 60;
/** An answer holds at most a few files of 1 MiB. */
const longestAnswer = 32 * 2 ** 20;
/** Appliances of a host at the same time: each is a virtual machine with 768 MiB. */
const atATime = 2;

const sessionRemedy = "Run the same command again: what was not injected is injected then.";

const places = perHost(() => ({ free: atATime, waiting: [] as (() => void)[] }));

/**
 * Reads files of a disk, and writes those that `decide` makes of them, in one session with libguestfs on the host (Nova INJ-12: its appliance, a
 * virtual machine, is all that opens the file system). Gives what could not be written, by position. When it returns, all is on the disk. Throws a
 * CodedError when the disk cannot be opened or the session ends.
 */
export async function writeIntoDisk(
  context: Pick<Context, "host" | "signal">,
  target: DiskToWrite,
  decide: (found: Readonly<Record<string, FoundFile>>) => readonly GuestWrite[],
): Promise<readonly (readonly [index: number, why: string])[]> {
  const place = places(context.host);
  if (place.free === 0) await new Promise<void>((resolve) => place.waiting.push(resolve));
  else place.free -= 1;
  try {
    return await inSession(context, target, decide);
  } finally {
    const next = place.waiting.shift();
    if (next === undefined) place.free += 1;
    else next();
  }
}

function inSession(
  { host, signal }: Pick<Context, "host" | "signal">,
  { name, disk, partition, emulated, read, paths }: DiskToWrite,
  decide: (found: Readonly<Record<string, FoundFile>>) => readonly GuestWrite[],
): Promise<readonly (readonly [number, string])[]> {
  const elsewhere = host.upload !== undefined;
  const process = host.open({
    program: guestfsPython(),
    args: ["-I", "-c", guestfsProgram, String(elsewhere ? silenceSeconds : 0)],
    // libguestfs has no option for the configuration of Ceph.
    env: disk.ceph === null ? {} : { CEPH_CONF: disk.ceph.conf },
  });
  const beat = elsewhere ? setInterval(() => process.write("\n"), beatMs) : undefined;
  return new Promise<readonly (readonly [number, string])[]>((resolve, reject) => {
    let unread = "";
    let said = "";
    const failed = (summary: string, reason: CommandError["reason"]) =>
      fail(new CommandError({ commandLine: "libguestfs", exitCode: undefined, stderr: said, reason, summary, detail: sessionRemedy }));
    const timer = setTimeout(
      () => failed(`libguestfs on ${host.name} did not finish with the ${name} within ${timeoutMs / 60_000} minutes`, "timeout"),
      timeoutMs,
    );
    const stopped = () => failed(`Injecting into the ${name} was stopped because of an interrupt`, "aborted");
    signal.addEventListener("abort", stopped, { once: true });
    if (signal.aborted) stopped();

    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", stopped);
    }
    function fail(error: Error): void {
      end();
      process.kill();
      reject(error);
    }

    process.onError = (text) => {
      said = (said + text).slice(-2000);
    };
    process.onOutput = (text) => {
      unread += text;
      if (unread.length > longestAnswer) {
        unread = "";
        fail(new UnreachableError(`The answer of libguestfs on ${host.name} is too long.`));
      }
      for (let at = unread.indexOf("\n"); at >= 0; at = unread.indexOf("\n")) {
        const line = unread.slice(0, at);
        unread = unread.slice(at + 1);
        try {
          take(JSON.parse(line) as Answer);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      }
    };
    function take({ found, failed: unwritten, error }: Answer): void {
      if (error !== undefined) fail(guestfsError(host, name, error));
      else if (found !== undefined) process.write(`${JSON.stringify({ write: decide(found) })}\n`);
      else {
        end();
        resolve(unwritten ?? []);
      }
    }
    void process.ended.then(async () => {
      // Nothing happens here after an answer.
      const installed = await isGuestfsInstalled({ host, signal }).catch(() => true);
      if (!installed) return fail(guestfsError(host, name, { step: "bindings", message: "Its Python bindings are missing" }));
      const words = said.trim() === "" ? "" : ` (${said.trim()})`;
      fail(new UnreachableError(`The session with libguestfs on ${host.name} ended before the ${name} was finished${words}.`));
    });
    const drive = { file: disk.file, format: disk.format, user: disk.ceph?.user ?? null };
    process.write(`${JSON.stringify({ drive, emulated, partition, read, paths })}\n`);
  }).finally(async () => {
    clearInterval(beat);
    await process.close();
  });
}
