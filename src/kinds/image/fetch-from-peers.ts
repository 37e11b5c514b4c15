import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { CodedError, RefusedError } from "../../model/errors.ts";
import type { Digests, Upload } from "../../model/host.ts";
import type { Peer } from "../../model/peer.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { withoutCredentials } from "../../sources/index.ts";
import { examine, examineBootFile, examineConverted } from "./examine.ts";
import { unreachable } from "./look-at-peers.ts";
import { lookAtPeer, type PeerBase } from "./peer-base.ts";
import { checkPublished } from "./published-checks.ts";
import { signatureToCheck } from "./signature-check.ts";
import { signedRecord } from "./signed-record.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** A base image that lies in the staged file of its entry, checked, with its record. */
export interface PulledBase {
  readonly sidecar: ImageSidecar;
}

/**
 * Brings a base image from the first peer that has it (Nova FET-20) to the staged name of a download, and checks it as if it had been made here. Gives
 * why no peer has it, a sentence each. Throws a RefusedError for bytes that are not those that the peer recorded.
 */
export async function fetchFromPeers(
  context: Context,
  spec: ImageSpec,
  room: { readonly maxBytes: number },
  report: ReportProgress,
): Promise<PulledBase | readonly string[]> {
  const reasons: string[] = [];
  for (const address of spec.peers?.addresses ?? []) {
    try {
      const peer = await context.openPeer?.(address);
      if (peer === undefined) continue;
      const base = await lookAtPeer(context, peer, address, spec);
      if (typeof base !== "string") return await pullAndCheck(context, spec, { peer, address, base, ...room }, report);
      reasons.push(base);
    } catch (error) {
      if (error instanceof RefusedError || (error instanceof CodedError && error.code === "interrupted")) throw error;
      context.signal.throwIfAborted();
      reasons.push(unreachable(address, error));
    }
  }
  return reasons;
}

async function pullAndCheck(
  context: Context,
  spec: ImageSpec,
  from: { readonly peer: Peer; readonly address: string; readonly base: PeerBase; readonly maxBytes: number },
  report: ReportProgress,
): Promise<PulledBase> {
  const { host, layout, signal } = context;
  const { peer, address, base, maxBytes } = from;
  const { algorithm, hex } = base.expected;
  const part = layout.basePart(spec.entry);
  const request: Upload = {
    from: base.path,
    to: part,
    digests: [...new Set([algorithm, "sha256" as const])],
    maxBytes,
    signal,
    onProgress: (done, total) => report({ phase: "download", done, total }),
  };
  // A kill leaves bytes of the peer, which must not be continued as those of an earlier download.
  await host.files.remove(layout.basePartRecord(spec.entry));
  const { bytes, digests } = host.receive === undefined ? await peer.pull(request) : await host.receive(peer, request);
  if (digests[algorithm] !== hex) {
    throw new RefusedError(
      "image-checksum-mismatch",
      `The base image of ${spec.name} at ${peer.name} has ${algorithm}:${digests[algorithm]}, and ${algorithm}:${hex} was recorded: it was changed there`,
      "Run `virtform image verify` there, or remove the peer from host.image_peers.",
    );
  }
  const published = publishedOf(base, digests);
  await checkPublished(context, spec, { bytes, digests: published });
  const virtualSize = await examined(context, spec, part, bytes);
  const recorded = base.sidecar;
  return {
    sidecar: withoutUndefined({
      version: 1 as const,
      id: spec.id,
      project: context.project,
      image: spec.name,
      source: withoutCredentials(spec.source),
      digests: published,
      signed: signedRecord(spec),
      signatureChecked: signatureToCheck(spec) === null ? undefined : (true as const),
      bytes: recorded === undefined ? bytes : typeof recorded.bytes === "number" ? recorded.bytes : undefined,
      ...(spec.unpack === "none" ? {} : { unpack: spec.unpack, unpacked: recorded?.unpacked ?? {} }),
      content: digests.sha256,
      diskFormat: spec.diskFormat,
      format: spec.format,
      virtualSize,
      fetchedAt: host.now().toISOString(),
      peer: address,
      bootFile: spec.bootFile ? (true as const) : undefined,
    }),
  };
}

/** Digests of what was published, by the record of the peer; of a base image of Nova, which is what was published, those of its bytes. */
function publishedOf({ sidecar }: PeerBase, digests: Digests): Digests {
  if (sidecar === undefined) return digests;
  const isHex = ([, value]: [string, unknown]) => typeof value === "string" && /^[0-9a-f]{32,128}$/.test(value);
  return Object.fromEntries(Object.entries(sidecar.digests).filter(isHex));
}

/** The virtual size of a base image that was pulled. Throws a RefusedError for one that must not be used. */
async function examined(context: Context, spec: ImageSpec, path: string, bytes: number): Promise<number> {
  if (spec.bootFile) return examineBootFile(context, { path, bytes });
  if (spec.format === "qcow2") return examine(context, path, bytes, "qcow2");
  await examineConverted(context, path);
  return bytes;
}
