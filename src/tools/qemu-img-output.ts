import { unexpectedAnswer } from "../model/errors.ts";
/** What `qemu-img info --output=json` reports about one file. Sizes are bytes. */
export interface QemuImageInfo {
  readonly format: string;
  readonly virtualSize: number;
  /** Name of the backing file as it stands in the header. */
  readonly backing?: string;
  /** Name of a qcow2 file's external data file. */
  readonly dataFile?: string;
  readonly encrypted: boolean;
  /** VMDK only. */
  readonly createType?: string;
}

/** Reads the JSON. Throws an Error that says so when it is not what qemu-img prints. */
export function parseImageInfo(stdout: string): QemuImageInfo {
  let info: Record<string, unknown>;
  try {
    info = JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    throw unexpectedAnswer("qemu-img info", "It is no JSON.", stdout);
  }
  const { format, "virtual-size": virtualSize } = info;
  if (typeof format !== "string" || typeof virtualSize !== "number") {
    throw unexpectedAnswer("qemu-img info", "It names no format or no virtual size.");
  }
  const specific = (info["format-specific"] as { data?: Record<string, unknown> } | undefined)?.data ?? {};
  return {
    format,
    virtualSize,
    ...text("backing", info["backing-filename"]),
    ...text("dataFile", specific["data-file"]),
    encrypted: info["encrypted"] === true || specific["encrypt"] !== undefined,
    ...text("createType", specific["create-type"]),
  };
}

/** The number of errors in what `qemu-img check --output=json` prints; undefined when it names none. */
export function parseCheckErrors(stdout: string): number | undefined {
  try {
    const { corruptions, "check-errors": checkErrors } = JSON.parse(stdout) as Record<string, unknown>;
    const counts = [corruptions, checkErrors].filter((count): count is number => typeof count === "number");
    return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
  } catch {
    return undefined;
  }
}

/** A range of a disk as `qemu-img map --output=json` describes it, in bytes. */
export interface MappedRange {
  readonly start: number;
  readonly length: number;
  /** It reads as zeros. */
  readonly isZero: boolean;
  /** Where its bytes lie in the file of the image, as they are. Absent: nowhere, or in another form. */
  readonly offset?: number;
}

/** Reads the JSON of `qemu-img map`. Throws an Error that says so when it is not what qemu-img prints. */
export function parseMap(stdout: string): readonly MappedRange[] {
  let ranges: unknown;
  try {
    ranges = JSON.parse(stdout);
  } catch {
    throw unexpectedAnswer("qemu-img map", "It is no JSON.", stdout);
  }
  if (!Array.isArray(ranges)) throw unexpectedAnswer("qemu-img map", "It is no list.", stdout);
  return ranges.map(({ start, length, depth, zero, data, compressed, offset }: Record<string, unknown>) => {
    if (typeof start !== "number" || typeof length !== "number")
      throw unexpectedAnswer("qemu-img map", "A range has no start or no length.");
    const isPlain = depth === 0 && data === true && compressed !== true && Number.isSafeInteger(offset);
    return { start, length, isZero: zero === true, ...(isPlain ? { offset: offset as number } : {}) };
  });
}

/** What `qemu-img measure --output=json` says: bytes required for the data, and for all of the disk. Throws an Error for anything else. */
export function parseMeasure(stdout: string): { readonly required: number; readonly full: number } {
  try {
    const { required, "fully-allocated": full } = JSON.parse(stdout) as Record<string, unknown>;
    if (typeof required === "number" && typeof full === "number" && required >= 0) return { required, full };
  } catch {
    // Said below.
  }
  throw unexpectedAnswer("qemu-img measure", "It names no required size.", stdout);
}

function text<Key extends string>(key: Key, value: unknown): { [K in Key]?: string } {
  return typeof value === "string" ? ({ [key]: value } as { [K in Key]: string }) : {};
}

/** The part done, 0 to 1, from one line of `qemu-img -p`, such as `    (12.34/100%)`; undefined for anything else. */
export function parseConvertProgress(line: string): number | undefined {
  const match = /^\s*\((\d+(?:\.\d+)?)\/100%\)\s*$/.exec(line);
  return match === null ? undefined : Number(match[1]) / 100;
}
