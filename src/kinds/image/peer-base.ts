import type { Context } from "../../model/context.ts";
import type { DigestAlgorithm } from "../../model/host.ts";
import { createLayout, usualCacheName } from "../../model/layout.ts";
import { type Peer, peerParts } from "../../model/peer.ts";
import { ownFileBytes } from "../../tools/own-file.ts";
import { judgeBase } from "./base-files.ts";
import { contentDigest } from "./content-digest.ts";
import { needsConversion } from "./formats.ts";
import { baseConflict } from "./sidecar.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** A base image of a peer that can serve an image. */
export interface PeerBase {
  readonly path: string;
  /** Bytes: its length, and the part of it that is data. */
  readonly bytes: number;
  readonly allocated: number;
  /** The digest that its bytes must have. */
  readonly expected: { readonly algorithm: DigestAlgorithm; readonly hex: string };
  /** What the peer recorded about it; undefined of one that Nova made. */
  readonly sidecar: ImageSidecar | undefined;
}

/** The base image of a peer, or why it cannot serve this image, as a sentence that begins with the name of the peer. Throws an UnreachableError. */
export async function lookAtPeer(
  { layout }: Pick<Context, "layout">,
  { name, files }: Peer,
  address: string,
  spec: ImageSpec,
): Promise<PeerBase | string> {
  const root = peerParts(address).instancesPath ?? layout.root;
  // How the peer names its cache is not known: as this host does, or as usual.
  const caches = [...new Set([layout.cacheName, usualCacheName])].map((name) => createLayout(root, name));
  const [contents, stats] = await Promise.all([
    files.readMany(caches.map((there) => ({ path: there.baseSidecar(spec.entry), length: ownFileBytes }))),
    files.statMany(caches.map((there) => there.baseImage(spec.entry))),
  ]);
  const index = Math.max(
    0,
    stats.findIndex((one) => one !== undefined),
  );
  const [content, stat] = [contents[index], stats[index]];
  const path = (caches[index] ?? layout).baseImage(spec.entry);
  const found = judgeBase(spec.entry, path, content, stat);
  if (found === undefined || stat === undefined) return `${name} does not have it (${path}).`;
  const base = { path, bytes: stat.size, allocated: Math.min(stat.allocated, stat.size) };
  if ("foreign" in found) {
    const expected = spec.checksum ?? spec.found?.digest ?? null;
    const isPublished = !needsConversion(spec) && spec.unpack === "none";
    if (stat.type !== "file" || expected === null || !isPublished)
      return `${name} has it without a record (${path}), and no checksum proves a base image that was converted.`;
    return { ...base, expected, sidecar: undefined };
  }
  const { sidecar } = found.base;
  const conflict = baseConflict({ ...spec, checksum: null }, sidecar);
  if (conflict !== undefined) return `${name} has another base image: ${conflict}`;
  for (const { algorithm, hex } of [spec.checksum ?? [], spec.found?.digest ?? []].flat()) {
    const recorded = sidecar.digests[algorithm];
    if (recorded !== hex)
      return `${name} has other bytes: it recorded ${algorithm}:${recorded ?? "nothing"}, and ${algorithm}:${hex} is wanted.`;
  }
  const hex = contentDigest(sidecar);
  if (hex === undefined) return `${name} has not recorded the digest of its base image; \`virtform image verify\` there does.`;
  return { ...base, expected: { algorithm: "sha256", hex }, sidecar };
}
