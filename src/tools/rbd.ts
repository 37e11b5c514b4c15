import {
  type CephCluster,
  parseChildren,
  parseImages,
  parseInfo,
  parseMetadata,
  parseMonitors,
  parseNames,
  parsePools,
  parseRbdProgress,
  parseSnapshots,
  type RbdImage,
  type RbdInfo,
} from "./rbd-output.ts";
import { type Rbd, runCeph, runRbd } from "./rbd-run.ts";

export type { Rbd } from "./rbd-run.ts";

/** An image in a pool, or one of its snapshots. */
export interface RbdName {
  readonly pool: string;
  readonly image: string;
  readonly snapshot?: string;
}

const minute = 60_000;
/** Images are moved over a network; bounded so that a hung one ends some day. */
const transferMs = 12 * 60 * minute;
/** Monitors and identity of the cluster. Throws UnreachableError when it does not answer. */
export async function cephCluster(rbd: Rbd): Promise<CephCluster> {
  const { stdout } = await runCeph(rbd, ["mon", "dump", "--format=json"]);
  return parseMonitors(stdout);
}

/** The names of all pools. */
export async function cephPools(rbd: Rbd): Promise<string[]> {
  const { stdout } = await runCeph(rbd, ["osd", "pool", "ls", "--format=json"]);
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

/** The names of all images of a pool. */
export async function rbdNames(rbd: Rbd, pool: string): Promise<string[]> {
  const { stdout } = await runRbd(rbd, ["ls", "--format", "json", "--pool", pool]);
  return parseNames(stdout);
}

export async function setRbdMetadata(rbd: Rbd, name: RbdName, key: string, value: string): Promise<void> {
  await runRbd(rbd, ["image-meta", "set", `${name.pool}/${name.image}`, key, value]);
}

/** Fine when the key is not there. */
export async function removeRbdMetadata(rbd: Rbd, name: RbdName, key: string): Promise<void> {
  await runRbd(rbd, ["image-meta", "remove", `${name.pool}/${name.image}`, key], { okExitCodes: [0, 2] });
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

/** A snapshot of an image, with what was cloned from it, as `pool/image`. */
export interface RbdSnapshot {
  readonly name: string;
  readonly protected: boolean;
  readonly clones: readonly string[];
}

/** The snapshots of an image. */
export async function rbdSnapshots(rbd: Rbd, name: RbdName): Promise<RbdSnapshot[]> {
  const { stdout } = await runRbd(rbd, ["snap", "ls", "--format", "json", ...spec(name)]);
  const found: RbdSnapshot[] = [];
  for (const snapshot of parseSnapshots(stdout)) {
    const children = await runRbd(rbd, ["children", "--format", "json", ...spec({ ...name, snapshot: snapshot.name })]);
    found.push({ ...snapshot, clones: parseChildren(children.stdout) });
  }
  return found;
}

/** Makes a snapshot; fine when there is one of that name. It is there whole or not at all. */
export async function createRbdSnapshot(rbd: Rbd, name: Required<RbdName>): Promise<void> {
  const exists = 17;
  await runRbd(rbd, ["snap", "create", "--no-progress", ...spec(name)], { okExitCodes: [0, exists] });
}

/** Removes a snapshot; fine when there is none. */
export async function removeRbdSnapshot(rbd: Rbd, name: Required<RbdName>): Promise<void> {
  await runRbd(rbd, ["snap", "rm", "--no-progress", ...spec(name)], { okExitCodes: [0, 2], timeoutMs: 60 * minute });
}

/** Makes an image what its snapshot is, object by object: interrupted, it is neither, and has to be done again. */
export async function rollBackRbd(rbd: Rbd, name: Required<RbdName>): Promise<void> {
  await runRbd(rbd, ["snap", "rollback", "--no-progress", ...spec(name)], { timeoutMs: transferMs });
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
