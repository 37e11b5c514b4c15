import { type Finding, malformed, type Read, refused } from "./finding.ts";
import { vhdxMetadata } from "./vhdx-metadata.ts";

/** Nova FET-19, VHDX: the size and whether there is a parent stand in its metadata region. */
export async function detectVhdx(read: Read, size: number): Promise<Finding | undefined> {
  if ((await read(0, 8)).toString("latin1") !== "vhdxfile") return undefined;
  const metadata = await vhdxMetadata(read, size);
  if (typeof metadata === "string") return malformed("vhdx", metadata);
  if (!metadata.hasParent) return { format: "vhdx", virtualSize: metadata.virtualSize };
  return refused("vhdx", "image-has-backing-file", "The VHDX holds only differences from a parent disk", "Merge it where it was made.");
}
