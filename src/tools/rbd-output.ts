/** One image of a pool. Sizes are bytes. */
export interface RbdImage {
  readonly name: string;
  readonly size: number;
  /** Sizes of its snapshots by name. */
  readonly snapshots: Readonly<Record<string, number>>;
}

/** What is told of one image, or of one of its snapshots. */
export interface RbdInfo {
  /** The same for ever, whatever its name. */
  readonly id: string;
  readonly size: number;
  /** Of a snapshot: it cannot be removed, so it may be cloned from. */
  readonly protected: boolean;
}

/** The cluster as its monitors tell of it. */
export interface CephCluster {
  readonly fsid: string;
  /** `host:port`, in the order of their rank. IPv6 hosts stand in brackets. */
  readonly monitors: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** `rbd ls --long --format json`: a row for each image and one for each snapshot. */
export function parseImages(stdout: string): RbdImage[] {
  const rows = list(stdout, "rbd ls").map(({ image, size, snapshot }) => {
    if (typeof image !== "string" || typeof size !== "number") throw unexpected("rbd ls", stdout);
    return { image, size, snapshot: typeof snapshot === "string" ? snapshot : undefined };
  });
  const snapshots = new Map<string, Record<string, number>>();
  for (const { image, size, snapshot } of rows) {
    if (snapshot !== undefined) snapshots.set(image, { ...snapshots.get(image), [snapshot]: size });
  }
  return rows.flatMap(({ image, size, snapshot }) =>
    snapshot === undefined ? [{ name: image, size, snapshots: snapshots.get(image) ?? {} }] : [],
  );
}

/** `rbd ls --format json`. */
export function parseNames(stdout: string): string[] {
  return list(stdout, "rbd ls").map(String);
}

/** `rbd info --format json`. */
export function parseInfo(stdout: string): RbdInfo {
  const { id, size, protected: kept } = object(stdout, "rbd info");
  if (typeof size !== "number") throw unexpected("rbd info", stdout);
  return { id: String(id ?? ""), size, protected: isTrue(kept) };
}

/** `rbd image-meta list --format json`; nothing at all is printed for an image without any. */
export function parseMetadata(stdout: string): Readonly<Record<string, string>> {
  if (stdout.trim() === "") return {};
  return Object.fromEntries(Object.entries(object(stdout, "rbd image-meta list")).map(([key, value]) => [key, String(value)]));
}

/** `rbd snap ls --format json`. */
export function parseSnapshots(stdout: string): { readonly name: string; readonly protected: boolean }[] {
  return list(stdout, "rbd snap ls").map((row) => {
    if (typeof row["name"] !== "string") throw unexpected("rbd snap ls", stdout);
    return { name: row["name"], protected: isTrue(row["protected"]) };
  });
}

/** `rbd children --format json`, as `pool/image`. */
export function parseChildren(stdout: string): string[] {
  return list(stdout, "rbd children").map(({ pool, image }) => `${pool}/${image}`);
}

/** `ceph mon dump --format=json`. */
export function parseMonitors(stdout: string): CephCluster {
  const { fsid, mons } = object(stdout, "ceph mon dump");
  if (typeof fsid !== "string" || !Array.isArray(mons)) throw unexpected("ceph mon dump", stdout);
  const monitors = (mons as Fields[]).map(({ addr, public_addr, public_addrs }) => {
    // `addr` is the address that clients of the first protocol use, which is what qemu's drive takes without a prefix.
    const plain = [public_addr, addr].find((value) => typeof value === "string");
    const vector = (public_addrs as { addrvec?: { type: string; addr: string }[] } | undefined)?.addrvec ?? [];
    const address = vector.find(({ type }) => type === "v1")?.addr ?? vector[0]?.addr ?? plain;
    if (address === undefined) throw unexpected("ceph mon dump", stdout);
    return String(address).replace(/\/\d+$/, "");
  });
  return { fsid, monitors };
}

/** `ceph osd pool ls --format=json`. */
export function parsePools(stdout: string): string[] {
  return list(stdout, "ceph osd pool ls").map(String);
}

/** The part done, 0 to 1, from one line of progress such as `Importing image: 40% complete...`. */
export function parseRbdProgress(line: string): number | undefined {
  const percent = /: (\d+)% complete/.exec(line)?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}

function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

function list(stdout: string, command: string): Fields[] {
  const parsed = parse(stdout, command);
  if (!Array.isArray(parsed)) throw unexpected(command, stdout);
  return parsed as Fields[];
}

function object(stdout: string, command: string): Fields {
  const parsed = parse(stdout, command);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw unexpected(command, stdout);
  return parsed as Fields;
}

function parse(stdout: string, command: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw unexpected(command, stdout);
  }
}

function unexpected(command: string, stdout: string): Error {
  return new Error(`${command} printed something that is not understood: ${JSON.stringify(stdout.slice(0, 200))}`);
}
