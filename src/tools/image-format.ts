/** The formats in which virtform's disks are used. */
export type ImageFormat = "raw" | "qcow2";

/** The format that can have other files below it. */
export const layeredFormat: ImageFormat = "qcow2";

/** The format that a definition or a header names. A format that is not used here has layers, if anything. */
export function imageFormat(name: string): ImageFormat {
  return name === "raw" ? "raw" : layeredFormat;
}
