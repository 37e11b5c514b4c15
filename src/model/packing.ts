/** Compressions that an image can be published in. */
export type Compression = "gz" | "xz" | "zst" | "bz2";

/** How an image can be packed, as the configuration names it. */
export const packings = ["none", "gz", "xz", "zst", "bz2", "tar", "tar.gz", "tar.xz", "tar.zst", "tar.bz2", "ova"] as const;
/** One of these ways. */
export type Packing = (typeof packings)[number];

/** What has to be done to get at the image: decompress, then take the one disk out of an archive. */
export interface PackingSteps {
  readonly compression: Compression | null;
  readonly archive: "tar" | "ova" | null;
}

/** The steps of a packing. Pure. */
export function stepsOf(packing: Packing): PackingSteps {
  if (packing === "none") return { compression: null, archive: null };
  if (packing === "ova") return { compression: null, archive: "ova" };
  const [first, second] = packing.split(".");
  const archive = first === "tar" ? "tar" : null;
  return { compression: ((archive === null ? first : second) as Compression | undefined) ?? null, archive };
}

const endings: Readonly<Record<string, Packing>> = {
  ".tar.gz": "tar.gz",
  ".tgz": "tar.gz",
  ".tar.xz": "tar.xz",
  ".txz": "tar.xz",
  ".tar.zst": "tar.zst",
  ".tzst": "tar.zst",
  ".tar.bz2": "tar.bz2",
  ".tbz2": "tar.bz2",
  ".tbz": "tar.bz2",
  ".tar": "tar",
  ".ova": "ova",
  ".gz": "gz",
  ".xz": "xz",
  ".zst": "zst",
  ".bz2": "bz2",
};

/** The packing that the ending of a path or an address stands for. Pure. */
export function packingOfName(address: string): Packing {
  const name = (/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address.replace(/[?#].*$/, "") : address).toLowerCase();
  return Object.entries(endings).find(([ending]) => name.endsWith(ending))?.[1] ?? "none";
}

/** The package of each program that decompresses. */
export const decompressionPackages: Readonly<Record<string, string>> = {
  gzip: "gzip",
  xz: "xz-utils (Debian) or xz (Fedora)",
  zstd: "zstd",
  bzip2: "bzip2",
};

/** The program that decompresses each. */
export const decompressionPrograms: Readonly<Record<Compression, string>> = { gz: "gzip", xz: "xz", zst: "zstd", bz2: "bzip2" };

/** Bounds of what comes out of a compressed file: a small file must not fill a disk, or run for hours. */
export const expansion = {
  /** Bytes that are not zeros, for each byte of the file, beyond `written`. */
  writtenRatio: 250,
  written: 256 * 2 ** 20,
  /** Bytes in all, for each byte of the file, beyond `length`. */
  lengthRatio: 10_000,
  length: 2 ** 30,
} as const;
