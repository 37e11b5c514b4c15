import type { Action } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import type { Change } from "../../model/change.ts";
import type { Cost } from "../../model/cost.ts";
import type { Json } from "../../model/json.ts";
import type { Kind, Observed } from "../../model/kind.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { withoutCredentials } from "../../sources/index.ts";
import { propertiesOfSource } from "../config/source-properties.ts";
import type { Config } from "../config.ts";
import { baseExists, bases, cachedImage } from "./address.ts";
import { checkImages } from "./check.ts";
import { contentDigest } from "./content-digest.ts";
import { describeBase } from "./describe.ts";
import { desiredImages } from "./desired.ts";
import { expectedOf } from "./expected-base.ts";
import { fetchImage } from "./fetch.ts";
import { needsConversion } from "./formats.ts";
import { isGoneCode } from "./is-gone.ts";
import { type LeftoverState, leftovers } from "./leftover.ts";
import { observeBases } from "./observe.ts";
import { recordDigest } from "./record-digest.ts";
import { removeImage } from "./remove.ts";
import { stopDigests } from "./running-digest.ts";
import type { BlankState, ImageSpec, ImageState } from "./spec.ts";
import { removeLeftover, sweepLeftovers } from "./sweep.ts";

/**
 * Images and the cache of base images. Wanted are `image/<name>`; found are `base/<entry>`, since the cache is shared by
 * projects and names, and its entries are named after content. A base that no image wants is left where it is.
 */
export function imageKind(settings: HostSettings): Kind<Config, ImageSpec, ImageState | BlankState | LeftoverState> {
  return {
    name: "image",
    addressKinds: ["image", bases.name, leftovers.name],
    desired: (config, facts) => desiredImages({ config, settings, facts }),
    observe: observeBases,
    diff: (address, want, _have, observed) => (want === undefined ? undefined : fetchChange(address, want, observed)),
    check: checkImages,
    describe: describeBase,
    actions: [fetchImage, recordDigest, removeImage, removeLeftover],
    sweep: sweepLeftovers,
    settle: stopDigests,
  };
}

/** What an image moves on its way into the cache, and takes there. */
function fetchCost(want: ImageSpec, { facts }: Observed): Cost {
  const peer = peerInstead(want, { facts });
  if (peer !== undefined) return { moves: { download: peer.content }, takes: { thin: peer.content, full: peer.content } };
  const found = facts.sources?.[want.source];
  const { content } = expectedOf(found, want);
  // Holes of a local file are neither read nor written.
  const arrives = found?.moves === "copy" && want.unpack === "none" ? content : (found?.bytes ?? null);
  return {
    moves: { [found?.moves ?? "download"]: arrives, ...(needsConversion(want) ? { convert: content } : {}) },
    takes: { thin: content, full: content },
  };
}

/** The peer that an image comes from instead of its source; undefined where the source is asked first and may have it. */
function peerInstead({ entry, source, peers }: ImageSpec, { facts }: Pick<Observed, "facts">) {
  const instead = peers?.first === true || isGoneCode(facts.sources?.[source]?.problem?.code);
  return instead ? (facts.peers?.[entry]?.from ?? undefined) : undefined;
}

/** The way that an image takes, in words, and the one that it takes if its source does not have it; null where nothing is to be said. */
function wayOf(want: ImageSpec, observed: Observed): { readonly way: string | null; readonly perhaps: string | null } {
  const instead = peerInstead(want, observed);
  if (instead !== undefined) return { way: `from peer ${instead.name}, ${formatQuantity(instead.content)}`, perhaps: null };
  const from = observed.facts.peers?.[want.entry]?.from;
  const perhaps = from === undefined || from === null ? null : `${from.name} has it, if the source does not`;
  return { way: observed.facts.sources?.[want.source]?.way ?? null, perhaps };
}

function fetchChange(address: Address, want: ImageSpec, observed: Observed): Change | undefined {
  if (want.cloneSize !== null) return undefined;
  const base = bases.at(want.entry);
  const have = cachedImage(observed, want.entry);
  if (have !== undefined) return contentDigest(have.sidecar) === undefined ? digestChange(address, want, have) : undefined;
  const source = withoutCredentials(want.source);
  const { way: words, perhaps } = wayOf(want, observed);
  const taken = observed.facts.sources?.[want.source];
  const unpacks = want.unpack === "none" ? "" : `, unpack ${want.unpack}`;
  const converts = want.format === want.diskFormat || want.bootFile ? "" : ` as ${want.format}`;
  return {
    address,
    verb: "create",
    cause: "config",
    reason: "not in the image cache",
    fields: [
      { path: "source", new: source },
      ...(want.mirrors === undefined ? [] : [{ path: "mirrors", new: want.mirrors.map(withoutCredentials).join(", ") }]),
      ...(want.unpack === "none" ? [] : [{ path: "unpack", new: want.unpack }]),
      { path: "format", new: want.format },
      { path: "size", new: "known after apply" },
      ...(words === null ? [] : [{ path: "way", new: words }]),
      ...(perhaps === null ? [] : [{ path: "peer", new: perhaps }]),
      ...signedFields(want),
      ...foundFields(want),
    ],
    actions: [
      withoutUndefined({
        id: `${address}#fetch`,
        type: fetchImage.type,
        address,
        summary: `fetch ${want.diskFormat} image${converts}${unpacks}${words === null ? "" : ` (${words})`}`,
        args: { ...want, ...(taken?.consistent === true ? { consistent: true } : {}) } as unknown as Json,
        needs: [],
        makes: [baseExists(base)],
        // A disk that is copied, the guests that have it, and those that get it are not changed meanwhile.
        locks: [...new Set([base, ...(taken?.locks ?? []), ...(want.users ?? []).map((uuid) => `instance/${uuid}`)])],
        effect: "none" as const,
        cost: fetchCost(want, observed),
      }),
      ...(needsConversion(want) ? [digestAction(address, want.entry)] : []),
    ],
    before: null,
    after: {
      name: want.name,
      id: want.id,
      entry: want.entry,
      source,
      ...(want.unpack === "none" ? {} : { unpack: want.unpack }),
      checksum: want.checksum === null ? null : `${want.checksum.algorithm}:${want.checksum.hex}`,
      disk_format: want.diskFormat,
      format: want.format,
      ...(want.found === null ? {} : { found: want.found as unknown as Json }),
    },
  };
}

/** Records what an interrupted apply, or an earlier version, did not record of a base image. */
function digestChange(address: Address, { entry }: ImageSpec, have: ImageState): Change {
  const { needs: _made, ...action } = digestAction(address, entry);
  return {
    address,
    verb: "update",
    cause: "drift",
    reason: "the digest of its base image is not recorded, so that a change of it could not be noticed",
    fields: [{ path: "content_digest", new: "known after apply" }],
    actions: [{ ...action, needs: [] }],
    before: describeBase(have),
    after: describeBase(have),
  };
}

/** The action that records the digest of a base image. No other action waits for it. */
function digestAction(address: Address, entry: string): Action {
  return {
    id: `${address}#digest`,
    type: recordDigest.type,
    address,
    summary: "record the digest of the base image",
    args: { entry },
    needs: [baseExists(bases.at(entry))],
    makes: [],
    locks: [],
    effect: "none",
  };
}

/** The fields of a plan with what the publisher signed. */
function signedFields({ signed, checksum }: ImageSpec): { path: string; new: Json }[] {
  if (signed === null || signed.signer === null || checksum === null) return [];
  return [
    { path: "checksum", new: `${checksum.algorithm}:${checksum.hex}` },
    { path: "signer", new: signed.signer },
  ];
}

/** The fields of a plan with what an image service says about the image. */
function foundFields({ found, minDisk, minRam }: ImageSpec): { path: string; new: Json }[] {
  if (found === null) return [];
  const { id, name, owner, visibility, digest, properties } = found;
  const names = Object.keys(propertiesOfSource(properties).taken);
  return [
    { path: "image", new: name === null ? id : `${name} (${id})` },
    { path: "visibility", new: found.protected ? `${visibility}, protected` : visibility },
    ...(owner === null ? [] : [{ path: "owner", new: owner }]),
    ...(digest === null ? [] : [{ path: "digest", new: `${digest.algorithm}:${digest.hex}` }]),
    ...(minDisk === 0 ? [] : [{ path: "min_disk", new: minDisk }]),
    ...(minRam === 0 ? [] : [{ path: "min_ram", new: minRam }]),
    ...(names.length === 0 ? [] : [{ path: "properties", new: names.map((key) => `${key}=${properties[key]}`).join(", ") }]),
  ];
}
