import { type Finding, type Read, refused } from "./finding.ts";

/** Formats that qemu would open if asked to guess, and that are never accepted here (Nova FET-19: QED always refused). */
const signatures: readonly { readonly name: string; readonly code: string; readonly start: Buffer }[] = [
  { name: "QED", code: "image-format-qed", start: Buffer.from("QED\0", "latin1") },
  { name: "LUKS", code: "image-format-luks", start: Buffer.from("LUKS\xba\xbe", "latin1") },
  { name: "Bochs", code: "image-format-unsupported", start: Buffer.from("Bochs Virtual HD Image", "latin1") },
  { name: "cloop", code: "image-format-unsupported", start: Buffer.from("#!/bin/sh\n#V2.0 Format", "latin1") },
];

/** Recognises what is refused whatever it is declared to be. */
export async function detectUnsupported(read: Read): Promise<Finding | undefined> {
  const start = await read(0, 64);
  const found = signatures.find((signature) => start.subarray(0, signature.start.length).equals(signature.start));
  if (found === undefined) return undefined;
  return refused(
    "unsupported",
    found.code,
    `The content is of format ${found.name}, which is not accepted as an image. Convert it to qcow2 or raw.`,
  );
}
