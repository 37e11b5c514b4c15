import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { isSourceProblem, sourceOf } from "../../sources/index.ts";
import { isWeb } from "../config/is-web.ts";
import type { ImageSpec } from "./spec.ts";

/** Errors for mirrors that are no web addresses or whose content nothing proves, and for mirrors of what does not come from a web server. Pure. */
export function checkMirrors({ address, spec }: Resource<ImageSpec>): Diagnostic[] {
  const { name, mirrors, checksum, signed, source } = spec;
  if (mirrors === undefined) return [];
  if (!isWeb(source)) {
    const detail =
      "They are asked in place of a web server, and the source is none. Remove mirrors, or write an address with https:// or http:// as the source.";
    return [
      problem("image-mirrors-unused", {
        summary: `Image ${name} has mirrors, and its source is not on the web`,
        detail,
        address,
        key: ["mirrors"],
      }),
    ];
  }
  const invalid = mirrors.flatMap((mirror, index) => {
    const found = sourceOf(mirror);
    return isSourceProblem(found) ? problem(found.code, { ...found, address, key: ["mirrors", index] }) : [];
  });
  if (invalid.length > 0) return invalid;
  // The trouble with a signed file has an error of its own.
  if (checksum !== null || signed !== null) return [];
  const detail = `Without a checksum, nothing proves that a mirror has the same file. Run \`virtform image lock ${name}\`, which reads the source and writes its checksum, or get the checksum from the publisher.`;
  return [problem("image-mirrors-unverified", { summary: `Image ${name} has mirrors and no checksum`, detail, address, key: ["mirrors"] })];
}
