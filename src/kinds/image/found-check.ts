import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import type { SourceImage } from "../../model/source-image.ts";
import { imageSignature } from "../../tools/signature/image-signature.ts";
import { propertiesOfSource } from "../config/source-properties.ts";
import { diskFormat as knownFormat } from "../config/with-source-images.ts";
import type { ImageSpec } from "./spec.ts";

/** What an image service says about an image, against what the configuration says about it and what virtform supports. `fetched`: the plan fetches it. */
export function checkFound({ address, spec }: Resource<ImageSpec>, fetched: boolean): Diagnostic[] {
  const { found } = spec;
  if (found === null) return [];
  const at = { address, key: ["source"] };
  return [
    ...checkFormat(found, spec, at),
    ...(fetched ? checkPacking(found, spec, at) : []),
    ...checkSignature(found, spec, at),
    ...checkProperties(found, spec, at),
  ];
}

/** The image, and the key that its source is written at. */
type At = Pick<Diagnostic, "address" | "key">;

function checkFormat(found: SourceImage, { name, diskFormat }: ImageSpec, at: At): Diagnostic[] {
  const named = knownFormat(found.diskFormat);
  if (found.diskFormat === null || named === undefined)
    return [
      problem("image-format-unsupported", {
        ...at,
        summary: `Image ${name} has no disk_format that is supported`,
        detail: `Glance says ${found.diskFormat ?? "nothing"}. Set its disk_format in Glance, or use another image.`,
      }),
    ];
  if (named === diskFormat) return [];
  return [
    problem("image-format-mismatch", {
      ...at,
      summary: `Image ${name} has another format in Glance than disk_format says`,
      detail: `Glance says ${named}, and the file says ${diskFormat}. Remove disk_format from the file, or correct it.`,
      key: ["disk_format"],
    }),
  ];
}

function checkPacking({ containerFormat }: SourceImage, { name, unpack }: ImageSpec, at: At): Diagnostic[] {
  if (containerFormat !== "compressed" || unpack !== "none") return [];
  return [
    problem("image-packed", {
      ...at,
      summary: `Image ${name} is packed in Glance`,
      detail: "Its container format there is compressed, which does not say how. Write unpack: gz, xz, zst or bz2.",
    }),
  ];
}

function checkSignature({ properties }: SourceImage, { name, signers }: ImageSpec, at: At): Diagnostic[] {
  const signature = imageSignature(properties);
  if (signature === null)
    return signers?.required !== true
      ? []
      : [
          problem("image-unsigned", {
            ...at,
            summary: `Image ${name} is not signed`,
            detail:
              "verify_glance_signatures is set, and the image has no img_signature properties in Glance. Sign it there, or use another image.",
          }),
        ];
  if (signers === null)
    return [
      problem(
        "image-signature-unchecked",
        {
          ...at,
          summary: `The signature of image ${name} is not checked`,
          detail:
            "It has img_signature properties in Glance. Write the files of the certificates into glance.trusted_certificates to have it checked.",
        },
        "warning",
      ),
    ];
  if (typeof signature !== "string") return [];
  return [problem("image-signature-invalid", { ...at, summary: `The signature of image ${name} cannot be checked`, detail: signature })];
}

/** How many properties a message explains. */
const explained = 5;

function checkProperties({ properties }: SourceImage, { name }: ImageSpec, at: At): Diagnostic[] {
  const refused = propertiesOfSource(properties).refused.filter((one) => !one.name.startsWith("img_signature"));
  if (refused.length === 0) return [];
  const shown = refused.slice(0, explained).map((one) => `${one.name}: ${one.why}`);
  const more = refused.length > explained ? ` And ${refused.length - explained} more.` : "";
  return [
    problem(
      "image-property-ignored",
      { ...at, summary: `Image ${name} has properties in Glance that no guest gets`, detail: `${shown.join(" ")}${more}` },
      "warning",
    ),
  ];
}
