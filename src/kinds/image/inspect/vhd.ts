import { type Finding, malformed, type Read, refused } from "./finding.ts";

const footerBytes = 512;
const cookie = "conectix";

/** Nova FET-19, VHD (`vpc` to qemu): a copy of the footer at the start (dynamic), or the footer alone (fixed). */
export async function detectVhd(read: Read, size: number): Promise<Finding | undefined> {
  const start = await read(0, footerBytes);
  if (start.toString("latin1", 0, cookie.length) === cookie) return inspectFooter(start);
  if (size <= footerBytes) return undefined;
  const end = await read(size - footerBytes, footerBytes);
  if (end.toString("latin1", 0, cookie.length) !== cookie) return undefined;
  return { ...inspectFooter(end), atEnd: true };
}

function inspectFooter(footer: Buffer): Finding {
  if (footer.length < footerBytes) return malformed("vhd", "it is cut off");
  const virtualSize = Number(footer.readBigUInt64BE(48));
  const type = footer.readUInt32BE(60);
  if (type === 4)
    return refused("vhd", "image-has-backing-file", "The VHD holds only differences from a parent disk", "Merge it where it was made.");
  if (type !== 2 && type !== 3) return malformed("vhd", `its disk type ${type} is none that is known`);
  return { format: "vhd", virtualSize };
}
