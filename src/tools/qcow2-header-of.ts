import { type Qcow2Reading, readQcow2Header } from "./qcow2-header.ts";

const readings = new WeakMap<Buffer, { readonly reading: Qcow2Reading | undefined }>();

/**
 * `readQcow2Header`, once for each buffer: within a look, the driver of a disk and the search for users of base images have the same bytes
 * (`readManyOnce`), which are not changed.
 */
export function qcow2HeaderOf(start: Buffer): Qcow2Reading | undefined {
  const known = readings.get(start) ?? { reading: readQcow2Header(start) };
  readings.set(start, known);
  return known.reading;
}
