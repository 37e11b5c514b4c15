import { type Qcow2Reading, readQcow2Header } from "./qcow2-header.ts";

const readings = new WeakMap<Buffer, { readonly reading: Qcow2Reading | undefined }>();

/** The last one that was read: overlays of one base image that no guest has used yet have the same header. */
let last: { readonly start: Buffer; readonly reading: Qcow2Reading | undefined } | undefined;

/**
 * `readQcow2Header`, once for each buffer: within a look, the driver of a disk and the search for users of base images have the same bytes
 * (`readManyOnce`), which are not changed.
 */
export function qcow2HeaderOf(start: Buffer): Qcow2Reading | undefined {
  let known = readings.get(start);
  if (known === undefined) {
    known = last?.start.equals(start) === true ? last : { start, reading: readQcow2Header(start) };
    last = { start, reading: known.reading };
    readings.set(start, known);
  }
  return known.reading;
}
