import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { shellWord } from "../../model/shell-word.ts";
import { withoutCredentials } from "../../sources/index.ts";
import { cachedImage } from "./address.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * What is wrong with the signed checksum of an image. For an image in the cache that was verified when it was fetched, only a key that cannot
 * be used is an error; what the publisher signs now is compared with it. Pure.
 */
export function checkSigned({ address, spec }: Resource<ImageSpec>, observed: Observed): Diagnostic[] {
  const { name, signed, checksum } = spec;
  const facts = observed.facts.signed?.[name];
  if (signed === null || facts === undefined) return [];
  const cached = cachedImage(observed, spec.entry);
  const isFetched = cached === undefined && spec.cloneSize === null;
  const at = { address, key: ["checksum"] };
  if (facts.problem !== undefined) {
    const { code, summary, detail } = facts.problem;
    // Images of Glance keep their entry when a checksum is added: the base image may have been fetched without it.
    const isUnverified = !signed.pinned && cached?.sidecar.signed === undefined;
    if (isFetched || isUnverified || code === "signing-key-unusable") return [problem(code, { summary, detail, ...at })];
    return [problem(code, { summary, detail: `${detail} The base image in the cache is used as it is.`, ...at }, "warning")];
  }
  if (facts.digest === undefined) return [];
  const { algorithm, hex } = facts.digest;
  const now = `${algorithm}:${hex}`;
  const remembered = facts.asOf === undefined ? [] : [rememberedNote(spec, facts.asOf, address)];
  const update = `\`virtform image lock --update ${shellWord(name)}\``;
  const file = withoutCredentials(signed.file);
  if (isFetched) {
    if (!signed.pinned || checksum === null || (checksum.algorithm === algorithm && checksum.hex === hex)) return remembered;
    if (checksum.algorithm !== algorithm) {
      const detail = `The digest in the configuration is ${checksum.algorithm}:${checksum.hex}, and ${file} names ${now}: the signature does not cover the one in the configuration. Run ${update} to replace it.`;
      const summary = `The digest of image ${name} cannot be compared with the one that its publisher signed`;
      return [problem("checksum-file-unlisted", { summary, detail, ...at }), ...remembered];
    }
    const detail = `The digest in the configuration is ${checksum.algorithm}:${checksum.hex}, and ${file} names ${now} now. Source no longer has the earlier image. Run ${update} to use the new one, or name an address that keeps the earlier one.`;
    return [problem("checksum-file-changed", { summary: `The publisher has replaced image ${name}`, detail, ...at }), ...remembered];
  }
  const before = cached?.sidecar.digests[algorithm];
  if (before === undefined || before === hex) return remembered;
  const signer = cached?.sidecar.signed?.signer ?? "";
  const pin = signed.pinned ? update : `\`virtform image lock ${shellWord(name)}\``;
  if (signer !== "" && facts.signer !== undefined && fingerprintOf(signer) !== fingerprintOf(facts.signer)) {
    const detail = `The checksum of the base image (${algorithm}:${before}) was signed with ${signer}. ${file} is signed with ${facts.signer} and names ${now}, so the key in the configuration proves nothing about the base image. Run ${pin} to use the image that is signed now.`;
    const summary = `The base image of ${name} was signed with another key`;
    return [problem("image-signer-changed", { summary, detail, lasting: true, ...at }, "warning"), ...remembered];
  }
  const detail = `The base image was made from ${algorithm}:${before}, and ${file} names ${now} now. It stays as it is, also for new guests. Run ${pin} to use the new one.`;
  return [
    problem("image-behind-publisher", { summary: `Image ${name} is behind what its publisher has`, detail, address }, "note"),
    ...remembered,
  ];
}

/** The name of a key may change while the key stays. */
function fingerprintOf(signer: string): string {
  return signer.split(" ", 1)[0] ?? "";
}

function rememberedNote({ name }: ImageSpec, asOf: string, address: Diagnostic["address"]): Diagnostic {
  const detail = `The server cannot be asked now. What it said on ${asOf} is used, whose signature was checked again.`;
  return problem(
    "checksum-file-remembered",
    { summary: `The signed checksum of image ${name} may be outdated`, detail, ...(address === undefined ? {} : { address }) },
    "note",
  );
}
