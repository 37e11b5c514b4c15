/** Reads bytes of a file; fewer than asked for at its end. Never follows anything that the bytes name. */
export type Read = (offset: number, length: number) => Promise<Buffer>;

/** What a file's content can be. `gpt` stands for a partition table of either kind, which is a raw disk. */
export type ContentFormat = "raw" | "qcow2" | "vmdk" | "vhd" | "vhdx" | "vdi" | "ploop" | "iso" | "gpt" | "unsupported";

/** Why content must not be used: a stable code, and words for people. */
export interface Refusal {
  readonly code: string;
  /** What is wrong, in short. */
  readonly summary: string;
  /** Why it matters, and what to do. */
  readonly detail: string;
}

/** What one detector found. Sizes are bytes. */
export interface Finding {
  readonly format: ContentFormat;
  readonly virtualSize: number;
  readonly refusal?: Refusal;
  /** Recognised by its end alone, so that its start may be anything a disk starts with (fixed VHD). */
  readonly atEnd?: true;
}

/** Looks for one format; undefined when the content is not of it. */
export type Detector = (read: Read, size: number) => Promise<Finding | undefined>;

/** A finding that must not be used. */
export function refused(format: ContentFormat, code: string, summary: string, detail: string): Finding {
  return { format, virtualSize: 0, refusal: { code, summary, detail } };
}

/** A header that no honest program writes. */
export function malformed(format: ContentFormat, what: string): Finding {
  return refused(
    format,
    "image-malformed",
    `The ${format} header is invalid: ${what}`,
    "The image is damaged or made to do harm. Get it again from its publisher.",
  );
}
