import type { Context } from "../model/context.ts";
import { CommandError, UnreachableError, userError } from "../model/errors.ts";
import type { CommandResult } from "../model/host.ts";
import type { RbdSettings } from "../model/settings.ts";
import {
  type CephCluster,
  parseChildren,
  parseImages,
  parseInfo,
  parseMetadata,
  parseMonitors,
  parsePools,
  parseRbdProgress,
  parseSnapshots,
  type RbdImage,
  type RbdInfo,
} from "./rbd-output.ts";

/** An image in a pool, or one of its snapshots. */
export interface RbdName {
  readonly pool: string;
  readonly image: string;
  readonly snapshot?: string;
}

/** Who talks to which cluster, from which machine. */
export interface Rbd {
  readonly context: Pick<Context, "host" | "signal">;
  readonly access: Pick<RbdSettings, "conf" | "user">;
}

const minute = 60_000;
/** Images are moved over a network; bounded so that a hung one ends some day. */
const transferMs = 12 * 60 * minute;
/** How long a cluster may take to answer at all. Nova gives it 5 s (RBD-01). */
const connectSeconds = 15;

/** Words of rbd and ceph for what is no answer about an image. */
const noAnswer = /couldn't connect|error connecting|error opening pool|unable to open config file|conf_read_file|timed out|permission/i;

/** Monitors and identity of the cluster. Throws UnreachableError when it does not answer. */
export async function cephCluster(rbd: Rbd): Promise<CephCluster> {
  const { stdout } = await run(rbd, "ceph", ["--connect-timeout", String(connectSeconds), "mon", "dump", "--format=json"]);
  return parseMonitors(stdout);
}

/** The names of all pools. */
export async function cephPools(rbd: Rbd): Promise<string[]> {
  const { stdout } = await run(rbd, "ceph", ["--connect-timeout", String(connectSeconds), "osd", "pool", "ls", "--format=json"]);
  return parsePools(stdout);
}

/** All images of a pool. Throws UnreachableError when there is no such pool: what is in it may be there all the same. */
export async function rbdImages(rbd: Rbd, pool: string): Promise<RbdImage[]> {
  const { stdout } = await runRbd(rbd, ["ls", "--long", "--format", "json", "--pool", pool]);
  return parseImages(stdout);
}

/** One image or snapshot; undefined when there is none. */
export async function rbdInfo(rbd: Rbd, name: RbdName): Promise<RbdInfo | undefined> {
  const result = await runRbd(rbd, ["info", "--format", "json", ...spec(name)], { okExitCodes: [0, 2] });
  return result.exitCode === 0 ? parseInfo(result.stdout) : undefined;
}

/** What is written on an image; empty when there is no image. */
export async function rbdMetadata(rbd: Rbd, name: RbdName): Promise<Readonly<Record<string, string>>> {
  const result = await runRbd(rbd, ["image-meta", "list", "--format", "json", ...spec(name)], { okExitCodes: [0, 2] });
  return result.exitCode === 0 ? parseMetadata(result.stdout) : {};
}

export async function setRbdMetadata(rbd: Rbd, name: RbdName, key: string, value: string): Promise<void> {
  await runRbd(rbd, ["image-meta", "set", `${name.pool}/${name.image}`, key, value]);
}

/** Makes an empty image. */
export async function createRbd(rbd: Rbd, name: RbdName, bytes: number): Promise<void> {
  await runRbd(rbd, ["create", "--image-format", "2", "--size", `${bytes}B`, ...spec(name)]);
}

/** Imports a raw file; runs of zeros stay holes (Nova RBD-06). Not atomic: give it a staged name. */
export async function importRbd(rbd: Rbd, path: string, name: RbdName, onFraction: (fraction: number) => void): Promise<void> {
  await runRbd(rbd, ["import", "--image-format", "2", path, "--dest-pool", name.pool, "--dest", name.image], {
    timeoutMs: transferMs,
    onLine: (line) => {
      const fraction = parseRbdProgress(line);
      if (fraction !== undefined) onFraction(fraction);
    },
  });
}

/** Exports an image or snapshot as a raw file. */
export async function exportRbd(rbd: Rbd, name: RbdName, path: string, onFraction: (fraction: number) => void): Promise<void> {
  await runRbd(rbd, ["export", ...spec(name), "--path", path], {
    timeoutMs: transferMs,
    onLine: (line) => {
      const fraction = parseRbdProgress(line);
      if (fraction !== undefined) onFraction(fraction);
    },
  });
}

/** Copy on write of a snapshot (Nova RBD-05). */
export async function cloneRbd(rbd: Rbd, from: RbdName, to: RbdName): Promise<void> {
  await runRbd(rbd, ["clone", ...spec(from), "--dest-pool", to.pool, "--dest", to.image]);
}

export async function renameRbd(rbd: Rbd, from: RbdName, to: RbdName): Promise<void> {
  await runRbd(rbd, ["rename", "--pool", from.pool, "--image", from.image, "--dest-pool", to.pool, "--dest", to.image]);
}

/** Grows an image; Ceph itself refuses to make it smaller. */
export async function resizeRbd(rbd: Rbd, name: RbdName, bytes: number): Promise<void> {
  await runRbd(rbd, ["resize", "--no-progress", "--size", `${bytes}B`, ...spec(name)]);
}

/** Removes an image: `busy` while somebody has it open. Fine when there is none. */
export async function removeRbd(rbd: Rbd, name: RbdName): Promise<"gone" | "busy"> {
  const busy = 16;
  const result = await runRbd(rbd, ["rm", "--no-progress", ...spec(name)], { okExitCodes: [0, 2, busy], timeoutMs: 60 * minute });
  return result.exitCode === busy ? "busy" : "gone";
}

/** The snapshots of an image with what was cloned from each, as `pool/image`. */
export async function rbdSnapshots(rbd: Rbd, name: RbdName): Promise<{ readonly name: string; readonly clones: readonly string[] }[]> {
  const { stdout } = await runRbd(rbd, ["snap", "ls", "--format", "json", ...spec(name)]);
  const found: { name: string; clones: string[] }[] = [];
  for (const snapshot of parseSnapshots(stdout)) {
    const children = await runRbd(rbd, ["children", "--format", "json", ...spec({ ...name, snapshot: snapshot.name })]);
    found.push({ name: snapshot.name, clones: parseChildren(children.stdout) });
  }
  return found;
}

/** The name under which qemu's programs open an image (Nova LAY-17). */
export function qemuRbdName({ access }: Pick<Rbd, "access">, { pool, image }: RbdName): string {
  // A backslash keeps the characters that mean something to qemu.
  const plain = (text: string) => text.replace(/[\\:@=]/g, "\\$&");
  const user = access.user === null ? "" : `:id=${plain(access.user)}`;
  return `rbd:${plain(pool)}/${plain(image)}${user}:conf=${plain(access.conf)}`;
}

function spec({ pool, image, snapshot }: RbdName): string[] {
  return ["--pool", pool, "--image", image, ...(snapshot === undefined ? [] : ["--snap", snapshot])];
}

interface RunOptions {
  readonly okExitCodes?: readonly number[];
  readonly timeoutMs?: number;
  readonly onLine?: (line: string) => void;
}

async function runRbd(rbd: Rbd, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  return run(rbd, "rbd", [...args, "--client_mount_timeout", String(connectSeconds)], options);
}

async function run({ context, access }: Rbd, program: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const user = access.user === null ? [] : ["--id", access.user];
  try {
    const result = await context.host.run({
      program,
      args: [...args, "--conf", access.conf, ...user],
      timeoutMs: options.timeoutMs ?? 2 * minute,
      signal: context.signal,
      ...options,
    });
    // A pool, a key or a file of Ceph's that is missing has the same exit code as a missing image.
    if (result.exitCode === 2 && noAnswer.test(result.stderr)) throw unreachable(context, access.conf, result.stderr);
    return result;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.reason === "missing") {
      const detail = `virtform talks to Ceph through ${program}. On Debian and Ubuntu: apt install ceph-common (and qemu-block-extra for the guests).`;
      throw userError("ceph-missing", `${program} is not installed on ${context.host.name}`, detail);
    }
    if (error.reason === "exit" && noAnswer.test(error.stderr)) throw unreachable(context, access.conf, error.stderr);
    throw error;
  }
}

function unreachable(context: Rbd["context"], conf: string, stderr: string): UnreachableError {
  const words = stderr.trim().split("\n").at(-1) ?? "";
  return new UnreachableError(
    `Ceph does not answer ${context.host.name} (${conf}): ${words}. Check host.rbd in the configuration: conf, user and pool, and that \`ceph -s\` works there.`,
  );
}
