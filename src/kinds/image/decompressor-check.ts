import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { decompressionPackages, decompressionPrograms, stepsOf } from "../../model/packing.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import type { ImageSpec } from "./spec.ts";

/** An error for an image that is to be fetched and whose decompressor is not installed on the host. Pure. */
export function checkDecompressor({ address, spec }: Resource<ImageSpec>, observed: Observed): Diagnostic[] {
  const { compression } = stepsOf(spec.unpack);
  if (compression === null) return [];
  const program = decompressionPrograms[compression];
  if (!observed.facts.missingPrograms.includes(program)) return [];
  return [
    problem("program-missing", {
      summary: `The program ${program} is not installed on the host`,
      detail: `It is needed to unpack image ${spec.name}. Install the package ${decompressionPackages[program]} there.`,
      address,
      key: ["source"],
    }),
  ];
}
