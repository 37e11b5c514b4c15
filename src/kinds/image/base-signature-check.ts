import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { shellWord } from "../../model/shell-word.ts";
import { cachedImage } from "./address.ts";
import { isSignedBy, signatureToCheck } from "./signature-check.ts";
import type { ImageSpec } from "./spec.ts";

/** Compares a base image with the signature that the image has now: it may have been fetched before signatures were asked for, or been signed again since. Pure. */
export function checkBaseSignature({ address, spec }: Resource<ImageSpec>, observed: Observed): Diagnostic[] {
  const { name, source, signers } = spec;
  const sidecar = cachedImage(observed, spec.entry)?.sidecar;
  const signature = signatureToCheck(spec);
  if (sidecar === undefined || signature === null) return [];
  const hex = sidecar.digests[signature.algorithm];
  const facts = observed.facts.sources[source];
  const isChecked = sidecar.signatureChecked === true;
  const remedy = `Remove the base image (\`virtform image rm ${shellWord(name)}\`): the next apply fetches the image again and checks it.`;
  const at = { address, key: ["source"] };
  if (hex === undefined || facts?.signers === undefined) {
    if (isChecked) return [];
    const why =
      hex === undefined ? `its ${signature.algorithm} was not recorded` : (facts?.problem?.summary ?? "its certificate cannot be had");
    return [
      problem(
        "image-signature-unknown",
        {
          summary: `The base image of ${name} was fetched before its signature was checked`,
          detail: `It cannot be compared with its signature: ${why}. ${remedy}`,
          ...at,
        },
        signers?.required === true ? "error" : "warning",
      ),
    ];
  }
  if (isSignedBy(facts.signers, signature, hex)) return [];
  if (isChecked) {
    return [
      problem(
        "image-signer-changed",
        {
          summary: `The base image of ${name} was signed with another key`,
          detail: `Its signature was right when it was fetched. The image has another signature now, which no trusted certificate has made for the content of the base image. ${remedy}`,
          lasting: true,
          ...at,
        },
        "warning",
      ),
    ];
  }
  return [
    problem("image-signature-wrong", {
      summary: `The base image of ${name} does not fit the signature of the image`,
      detail: `It was fetched before its signature was checked, and no trusted certificate has signed its content. Disks that are backed by it have this content. ${remedy}`,
      ...at,
    }),
  ];
}
