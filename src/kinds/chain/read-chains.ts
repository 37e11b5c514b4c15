import type { Context } from "../../model/context.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import type { FileIdentity } from "../../model/host.ts";
import { backingSource } from "../../tools/backing-source.ts";
import { layeredFormat } from "../../tools/image-format.ts";
import type { DiskLayers, NamedLayer } from "../../tools/libvirt/disk-layers.ts";
import { backingName } from "../../tools/qcow2-backing.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { readManyOnce } from "../../tools/read-once.ts";
import type { DiskChain } from "../terms/disk-chain.ts";

/** A layer as read. */
export interface ReadLayer extends NamedLayer {
  readonly size: number | null;
  /** Undefined for what is no file or device, and for what is missing. */
  readonly identity: FileIdentity | undefined;
}

/** The layers of one disk, and why the last one is not the bottom. */
export interface ReadChain {
  readonly layers: readonly ReadLayer[];
  readonly broken: DiskChain["broken"];
}

/** More layers than any chain that libvirt accepts. */
const mostLayers = 200;

/** What was read of files in one look, and what is being read. */
interface Known {
  readonly contents: Map<string, Content>;
  readonly reading: Map<string, Promise<void>>;
}

const looks = new WeakMap<object, Known>();

/** What was read of one file. */
interface Content {
  readonly identity: FileIdentity | undefined;
  readonly unreadable: boolean;
  readonly size: number | null;
  /** Below a qcow2 file; undefined when it has nothing below it. */
  readonly next: NamedLayer | undefined;
}

interface Growing {
  readonly layers: ReadLayer[];
  next: NamedLayer | undefined;
  broken: DiskChain["broken"];
}

/**
 * Follows disks through their layers, all of them one layer at a time: a round of reading for each depth, however many disks there are. The definition
 * of a running guest names its whole chain; otherwise the headers do. Only qcow2 files have layers below them.
 */
export async function readChains(context: Context, disks: readonly Pick<DiskLayers, "top" | "below" | "whole">[]): Promise<ReadChain[]> {
  const known = knownTo(context);
  const named = disks.flatMap(({ top, below, whole }) => (top === null ? [] : [top, ...(whole ? below : [])]));
  await read(context, named, known);
  const chains = disks.map(({ top, below, whole }): Growing => {
    const first = whole && top !== null ? [top, ...below] : [];
    return { layers: first.map((layer) => layerOf(layer, known.contents)), next: whole ? undefined : (top ?? undefined), broken: null };
  });
  for (let open = chains.filter(({ next }) => next !== undefined); open.length > 0; open = open.filter(({ next }) => next !== undefined)) {
    await read(
      context,
      open.flatMap(({ next }) => next ?? []),
      known,
    );
    for (const chain of open) advance(chain, known.contents);
  }
  return chains.map(({ layers, broken }) => ({ layers, broken }));
}

/**
 * Reads files that `readChains` will be asked for in the same look, and all layers below them: disks share most of those, so that on a host elsewhere,
 * where each depth is a round trip, only the disks themselves are left to read. It never fails: `readChains` meets the same failure.
 */
export async function readChainsAhead(context: Context, disks: readonly Pick<DiskLayers, "top">[]): Promise<void> {
  const known = knownTo(context);
  try {
    for (let layers = disks.flatMap(({ top }) => top ?? []); layers.length > 0; ) {
      const unread = layers.filter(({ source }) => !known.contents.has(source));
      await read(context, unread, known);
      layers = unread.flatMap(({ source, format }) => (format === "raw" ? [] : (known.contents.get(source)?.next ?? [])));
    }
  } catch {
    // The same look comes to it again.
  }
}

function knownTo({ look }: Context): Known {
  const known = (look === undefined ? undefined : looks.get(look)) ?? { contents: new Map(), reading: new Map() };
  if (look !== undefined) looks.set(look, known);
  return known;
}

/** Adds the next layer to a chain, and finds out what is below it. */
function advance(chain: Growing, known: ReadonlyMap<string, Content>): void {
  const { next } = chain;
  if (next === undefined) return;
  chain.next = undefined;
  const content = known.get(next.source);
  const id = content?.identity?.id;
  if (id !== undefined && chain.layers.some(({ identity }) => identity?.id === id)) chain.broken = { why: "cycle", source: next.source };
  else if (chain.layers.length >= mostLayers) chain.broken = { why: "too-deep", source: next.source };
  if (chain.broken !== null) return;
  chain.layers.push(layerOf(next, known));
  if (content === undefined) return;
  if (content.unreadable) chain.broken = { why: "unreadable", source: next.source };
  else if (content.identity === undefined) chain.broken = { why: "missing", source: next.source };
  else if (next.format !== "raw") chain.next = content.next;
}

function layerOf(named: NamedLayer, known: ReadonlyMap<string, Content>): ReadLayer {
  const content = known.get(named.source);
  return { ...named, size: content?.size ?? null, identity: content?.identity };
}

/** Reads the files that were not read before. One that this user may not read is marked as unreadable and is no error: it may belong to others. */
async function read(context: Context, layers: readonly NamedLayer[], { contents, reading }: Known): Promise<void> {
  const wanted = [...new Set(layers.map(({ source }) => source))].filter((source) => source.startsWith("/") && !contents.has(source));
  const sources = wanted.filter((source) => !reading.has(source));
  const mine = readFiles(context, sources, contents).finally(() => {
    for (const source of sources) reading.delete(source);
  });
  for (const source of sources) reading.set(source, mine);
  await Promise.all(new Set(wanted.map((source) => reading.get(source))));
}

async function readFiles(context: Context, sources: readonly string[], known: Map<string, Content>): Promise<void> {
  if (sources.length === 0) return;
  // Few are links: on a host elsewhere, together they are one round trip.
  const [identities, asNamed] = await Promise.all([each(sources, context.host.files.identify), lookAtFiles(context, sources)]);
  const paths = identities.map((identity) => (identity === unreadable ? undefined : identity?.path));
  const others = paths.filter((path) => path !== undefined && !asNamed.has(path));
  const contents = new Map([...asNamed, ...(await lookAtFiles(context, others as string[]))]);
  await Promise.all(
    sources.map(async (source, index) => {
      const identity = identities[index];
      const { start, stat } = contents.get(paths[index] ?? "") ?? {};
      const denied = identity === unreadable || start === unreadable || stat === unreadable;
      const header = start === undefined || start === unreadable ? undefined : readQcow2Header(start)?.header;
      const name = header === undefined ? undefined : await backingName(context, paths[index] ?? "", header);
      known.set(source, {
        identity: identity === unreadable ? undefined : identity,
        unreadable: denied,
        size: header?.virtualSize ?? (stat === undefined || stat === unreadable ? null : stat.size),
        next: name === undefined ? undefined : { source: backingSource(name, source), format: header?.backingFormat ?? layeredFormat },
      });
    }),
  );
}

/** The start and the properties of each file. */
async function lookAtFiles(context: Context, paths: readonly string[]) {
  const [starts, stats] = await Promise.all([
    each(paths, (some) =>
      readManyOnce(
        context,
        some.map((path) => ({ path, length: qcow2HeaderBytes })),
      ),
    ),
    each(paths, context.host.files.statMany),
  ]);
  return new Map(paths.map((path, index) => [path, { start: starts[index], stat: stats[index] }]));
}

type Unreadable = "unreadable";
const unreadable: Unreadable = "unreadable";

/** Looks at many at once; when one cannot be looked at, at each alone. */
async function each<Result>(
  paths: readonly string[],
  look: (paths: readonly string[]) => Promise<(Result | undefined)[]>,
): Promise<(Result | undefined | Unreadable)[]> {
  if (paths.length === 0) return [];
  try {
    return await look(paths);
  } catch (error) {
    if (failureDiagnostics(error) === undefined) throw error;
    if (paths.length === 1) return [unreadable];
    return (await Promise.all(paths.map((path) => each([path], look)))).flat();
  }
}
