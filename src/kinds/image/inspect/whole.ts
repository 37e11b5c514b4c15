import { type ContentFormat, type Finding, type Read, refused } from "./finding.ts";
import { ploopProblem, vdiProblem, vhdProblem, vhdxProblem } from "./whole-blocks.ts";
import { isoProblem } from "./whole-iso.ts";
import { gptProblem } from "./whole-partitions.ts";
import { qcow2Problem } from "./whole-qcow2.ts";
import { vmdkProblem } from "./whole-vmdk.ts";

/** Finds what a file lacks: gives a sentence, or undefined when everything that it refers to lies in it. */
export type WholeCheck = (read: Read, size: number) => Promise<string | undefined>;

const checks: Partial<Record<ContentFormat, WholeCheck>> = {
  qcow2: qcow2Problem,
  vmdk: vmdkProblem,
  vdi: vdiProblem,
  vhd: vhdProblem,
  vhdx: vhdxProblem,
  ploop: ploopProblem,
  iso: isoProblem,
  gpt: gptProblem,
};

/**
 * Checks that everything that an image refers to lies in its file: clusters, grains and blocks of a format, and the partitions of a raw disk.
 * Programs read what is missing as zeros. The format was inspected before, so its header is sane.
 */
export async function findIncomplete(format: ContentFormat, read: Read, size: number): Promise<Finding | undefined> {
  const problem = await checks[format]?.(read, size);
  if (problem === undefined) return undefined;
  return refused(
    format,
    "image-incomplete",
    `The image is cut off or damaged: ${problem}`,
    "Programs would read zeros there. Get it again, and compare its length with the publisher's.",
  );
}
