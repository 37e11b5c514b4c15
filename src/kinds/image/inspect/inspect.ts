import { RefusedError } from "../../../model/errors.ts";
import type { ContentFormat, Detector, Finding, Read, Refusal } from "./finding.ts";
import { detectIso } from "./iso.ts";
import { detectPartitionTable } from "./partition-table.ts";
import { detectPloop } from "./ploop.ts";
import { detectQcow2 } from "./qcow2.ts";
import { detectText, detectUnsupported } from "./unsupported.ts";
import { detectVdi } from "./vdi.ts";
import { detectVhd } from "./vhd.ts";
import { detectVhdx } from "./vhdx.ts";
import { detectVmdk } from "./vmdk.ts";

const detectors: readonly Detector[] = [
  detectQcow2,
  detectVmdk,
  detectVhd,
  detectVhdx,
  detectVdi,
  detectPloop,
  detectIso,
  detectPartitionTable,
  detectUnsupported,
];

/** A larger size in a header is an attack, not a disk. */
const maxVirtualSize = 64 * 2 ** 40;

/** What the content of a file is. Sizes are bytes. */
export interface Inspection {
  readonly format: ContentFormat;
  readonly virtualSize: number;
  /** Why it must not be used, whatever it is declared to be. */
  readonly refusal?: Refusal;
}

/**
 * Finds out from its bytes which format a file has and whether it is safe to give to a program (Nova FET-04, FET-19). Opens and follows
 * nothing, and bounds every number. Content that no detector knows is raw; an ISO with a partition table is an ISO; a fixed VHD is
 * recognised by its end, so its start may look like any disk; other content that matches two formats is refused.
 */
export async function inspect(read: Read, size: number): Promise<Inspection> {
  if (size === 0)
    return refuse(
      { format: "raw", virtualSize: 0 },
      "image-empty",
      "The image is empty",
      "Get it again, and compare its length with the publisher's.",
    );
  const found: Finding[] = [];
  for (const detect of detectors) {
    const finding = await detect(read, size);
    if (finding !== undefined) found.push(finding);
  }
  const text = found.length === 0 ? await detectText(read) : undefined;
  if (text !== undefined) found.push(text);
  const formats = found.map((finding) => finding.format);
  const main = found.length > 1 ? chooseAmong(found) : found[0];
  if (found.length > 1 && main === undefined) {
    return refuse(
      { format: "unsupported", virtualSize: 0 },
      "image-multiple-formats",
      `The content is several formats at once (${formats.join(", ")}), which no honest program produces`,
      "Programs would disagree about what it is. Get it from a source that you trust.",
    );
  }
  const sectors = Math.ceil(size / 512) * 512;
  if (main === undefined || main.format === "gpt" || main.format === "iso")
    return bounded({ format: main?.format ?? "raw", virtualSize: sectors });
  return main.refusal === undefined ? bounded(main) : main;
}

/** The format that counts where several match legitimately (Nova FET-04). */
function chooseAmong(found: readonly Finding[]): Finding | undefined {
  const others = found.filter(({ format }) => format !== "gpt");
  const [only] = others;
  return others.length === 1 && (only?.format === "iso" || only?.atEnd === true) ? only : undefined;
}

function bounded(inspection: Inspection): Inspection {
  if (inspection.virtualSize > 0 && inspection.virtualSize <= maxVirtualSize) return inspection;
  const what = inspection.virtualSize > 0 ? `of more than 64TiB (${inspection.virtualSize} bytes)` : "of no size";
  return refuse(
    inspection,
    "image-virtual-size",
    `The image claims to be a disk ${what}`,
    "Its header is damaged or made to do harm. Get it again from its publisher.",
  );
}

function refuse(inspection: Inspection, code: string, summary: string, detail: string): Inspection {
  return { ...inspection, refusal: { code, summary, detail } };
}

/** The same as an error, for content that has to be usable. */
export async function inspectOrThrow(read: Read, size: number): Promise<Inspection> {
  const inspection = await inspect(read, size);
  if (inspection.refusal !== undefined)
    throw new RefusedError(inspection.refusal.code, inspection.refusal.summary, inspection.refusal.detail);
  return inspection;
}
