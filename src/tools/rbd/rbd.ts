import { type CephCluster, parseMonitors } from "./ceph-monitors.ts";
import { askRbd, type Rbd } from "./session.ts";

export type { Rbd } from "./session.ts";

/** An image in a pool, or one of its snapshots. */
export interface RbdName {
  readonly pool: string;
  readonly image: string;
  readonly snapshot?: string;
}

/** One image of a pool. Sizes are bytes. */
export interface RbdImage {
  /** Never changes, unlike its name. */
  readonly id: string;
  readonly size: number;
  /** Sizes of its snapshots by name. */
  readonly snapshots: Readonly<Record<string, number>>;
  /** What is written on it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Properties of one image, or of one of its snapshots. */
export interface RbdInfo {
  /** Never changes, unlike its name. */
  readonly id: string;
  readonly size: number;
  /** Of a snapshot: it cannot be removed, so it may be cloned from. */
  readonly protected: boolean;
}

/** A snapshot of an image, with what was cloned from it, as `pool/image`. */
export interface RbdSnapshot {
  readonly name: string;
  readonly protected: boolean;
  readonly clones: readonly string[];
}

/** What an image that is made gets besides its content. Metadata is written in this order, when all the rest is done. */
export interface RbdFinish {
  /** Bytes: made longer where it would be shorter. */
  readonly size?: number;
  readonly metadata?: readonly (readonly [key: string, value: string])[];
}

const minute = 60_000;
/** Images are moved over a network; bounded so that a hung one ends some day. */
const transferMs = 12 * 60 * minute;
const removalMs = 60 * minute;

/** Monitors and identity of the cluster. Throws UnreachableError when it does not answer. */
export async function cephCluster(rbd: Rbd): Promise<CephCluster> {
  return parseMonitors(await askRbd<string>(rbd, "monitors", {}, { what: "monitors" }));
}

/** The names of all pools. */
export function cephPools(rbd: Rbd): Promise<string[]> {
  return askRbd(rbd, "pool_names", {}, { what: "pools" });
}

/** Bytes that can still be written to a pool, by what Ceph expects of its replicas; null where the user may not ask. */
export function cephRoom(rbd: Rbd, pool: string): Promise<number | null> {
  return askRbd(rbd, "room", { pool_name: pool }, { what: `df ${pool}` });
}

/** The names of all images of a pool. Throws UnreachableError when there is no such pool: what is in it may be there all the same. */
export function rbdNames(rbd: Rbd, pool: string): Promise<string[]> {
  return askRbd(rbd, "names", { pool_name: pool }, { what: `list ${pool}` });
}

/** Those of these images of a pool that are there, by name, all in one request. */
export async function rbdImages(rbd: Rbd, pool: string, names: readonly string[]): Promise<ReadonlyMap<string, RbdImage>> {
  const args = { pool_name: pool, images: names };
  const found = await askRbd<(RbdImage | null)[]>(rbd, "look", args, { what: `look at ${pool}`, timeoutMs: 10 * minute });
  return new Map(names.flatMap((name, index) => (found[index] ? [[name, found[index]] as const] : [])));
}

/** One image; undefined when there is none. */
export async function rbdImage(rbd: Rbd, { pool, image }: RbdName): Promise<RbdImage | undefined> {
  return (await rbdImages(rbd, pool, [image])).get(image);
}

/** One image or snapshot; undefined when there is none. */
export async function rbdInfo(rbd: Rbd, name: RbdName): Promise<RbdInfo | undefined> {
  const { pool, image, snapshot = null } = name;
  return (await askRbd<RbdInfo | null>(rbd, "info", { pool_name: pool, image, snapshot }, { what: `info ${text(name)}` })) ?? undefined;
}

/** Writes on an image, in this order, all in one request. */
export async function setRbdMetadata(rbd: Rbd, name: RbdName, metadata: readonly (readonly [string, string])[]): Promise<void> {
  await askRbd(rbd, "change", { ...place(name), metadata }, { what: `image-meta set ${text(name)}` });
}

/** No-op if the key is missing. */
export async function removeRbdMetadata(rbd: Rbd, name: RbdName, key: string): Promise<void> {
  await askRbd(rbd, "change", { ...place(name), remove: [key] }, { what: `image-meta remove ${text(name)}` });
}

/** Makes an empty image. */
export async function createRbd(rbd: Rbd, name: RbdName, bytes: number, { metadata = [] }: RbdFinish = {}): Promise<void> {
  await askRbd(rbd, "create", { ...place(name), size: bytes, metadata }, { what: `create ${text(name)}` });
}

/** Imports a raw file; runs of zeros stay holes (Nova RBD-06). Not atomic: give it a staged name. */
export async function importRbd(
  rbd: Rbd,
  path: string,
  name: RbdName,
  { onFraction, ...finish }: RbdFinish & { readonly onFraction?: (fraction: number) => void } = {},
): Promise<void> {
  const more = onFraction === undefined ? {} : { onFraction };
  await askRbd(
    rbd,
    "import_file",
    { ...place(name), path, ...finish },
    { what: `import ${path} ${text(name)}`, timeoutMs: transferMs, ...more },
  );
}

/** Exports a snapshot as a raw file with holes, where there is none yet. */
export async function exportRbd(rbd: Rbd, name: Required<RbdName>, path: string, onFraction: (fraction: number) => void): Promise<void> {
  const args = { ...place(name), snapshot: name.snapshot, path };
  await askRbd(rbd, "export_file", args, { what: `export ${text(name)} ${path}`, timeoutMs: transferMs, onFraction });
}

/** A part of an image of at most 4 MiB; fewer bytes where it ends earlier, undefined when there is none. */
export async function readRbd(
  rbd: Rbd,
  name: RbdName,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<Buffer | undefined> {
  const found = await askRbd<string | null>(rbd, "read", { ...place(name), offset, length }, { what: `read ${text(name)}` });
  return found === null ? undefined : Buffer.from(found, "base64");
}

/** Copy on write of a snapshot (Nova RBD-05). */
export async function cloneRbd(rbd: Rbd, from: Required<RbdName>, to: RbdName, finish: RbdFinish = {}): Promise<void> {
  const args = { ...place(from), snapshot: from.snapshot, to_pool: to.pool, to_image: to.image, ...finish };
  await askRbd(rbd, "clone", args, { what: `clone ${text(from)} ${text(to)}` });
}

/** Gives an image another name in its pool. */
export async function renameRbd(rbd: Rbd, from: RbdName, to: RbdName): Promise<void> {
  await askRbd(rbd, "rename", { ...place(from), to: to.image }, { what: `rename ${text(from)} ${text(to)}` });
}

/** Grows an image, never makes it smaller; then writes on it. */
export async function finishRbd(rbd: Rbd, name: RbdName, finish: RbdFinish): Promise<void> {
  await askRbd(rbd, "change", { ...place(name), ...finish }, { what: `resize ${text(name)}` });
}

/** Removes an image: `busy` while it is open elsewhere. No-op if absent. */
export function removeRbd(rbd: Rbd, name: RbdName): Promise<"gone" | "busy"> {
  return askRbd(rbd, "remove", place(name), { what: `rm ${text(name)}`, timeoutMs: removalMs });
}

/** The snapshots of an image. */
export function rbdSnapshots(rbd: Rbd, name: RbdName): Promise<RbdSnapshot[]> {
  return askRbd(rbd, "snapshots", place(name), { what: `snap ls ${text(name)}` });
}

/** Creates a snapshot; no-op if one of that name exists. It exists completely or not at all. */
export async function createRbdSnapshot(rbd: Rbd, name: Required<RbdName>): Promise<void> {
  await askRbd(rbd, "create_snapshot", { ...place(name), snapshot: name.snapshot }, { what: `snap create ${text(name)}` });
}

/** Removes a snapshot; no-op if absent. */
export async function removeRbdSnapshot(rbd: Rbd, name: Required<RbdName>): Promise<void> {
  const args = { ...place(name), snapshot: name.snapshot };
  await askRbd(rbd, "remove_snapshot", args, { what: `snap rm ${text(name)}`, timeoutMs: removalMs });
}

/** Makes an image what its snapshot is, object by object: interrupted, it is neither, and has to be done again. */
export async function rollBackRbd(rbd: Rbd, name: Required<RbdName>): Promise<void> {
  const args = { ...place(name), snapshot: name.snapshot };
  await askRbd(rbd, "roll_back", args, { what: `snap rollback ${text(name)}`, timeoutMs: transferMs });
}

/** The name under which qemu's programs open an image (Nova LAY-17). */
export function qemuRbdName({ access }: Pick<Rbd, "access">, { pool, image }: RbdName): string {
  // A backslash keeps the characters that mean something to qemu.
  const plain = (text: string) => text.replace(/[\\:@=]/g, "\\$&");
  const user = access.user === null ? "" : `:id=${plain(access.user)}`;
  return `rbd:${plain(pool)}/${plain(image)}${user}:conf=${plain(access.conf)}`;
}

function place({ pool, image }: RbdName) {
  return { pool_name: pool, image };
}

function text({ pool, image, snapshot }: RbdName): string {
  return `${pool}/${image}${snapshot === undefined ? "" : `@${snapshot}`}`;
}
