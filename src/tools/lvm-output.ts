import { unexpectedAnswer } from "../model/errors.ts";
/** A volume group. Sizes are bytes. */
export interface VolumeGroup {
  readonly size: number;
  readonly free: number;
  /** Volumes are as large as a whole number of these. */
  readonly extentSize: number;
}

/** A logical volume. */
export interface LogicalVolume {
  readonly name: string;
  readonly size: number;
  readonly tags: readonly string[];
  /** Whether it takes its space only when it is written to. */
  readonly sparse: boolean;
  /** The thin pool that a sparse volume takes its space from. */
  readonly pool?: string;
  /** Whether the kernel has a device for it. A program that was killed while it removed the volume leaves one without. */
  readonly active: boolean;
}

type Row = Readonly<Record<string, string>>;

/** `vgs --reportformat json --units b --nosuffix`, asked for one group. */
export function parseVolumeGroup(stdout: string): VolumeGroup {
  const [row] = rows(stdout, "vg");
  if (row === undefined) throw unexpectedAnswer("vgs", "It named no volume group.");
  return { size: bytes(row, "vg_size"), free: bytes(row, "vg_free"), extentSize: bytes(row, "vg_extent_size") };
}

/**
 * What `lvs` is asked for. Fields of volumes only: with one of segments there would be a row for each piece of a volume that
 * has grown.
 */
export const volumeFields = "lv_name,lv_size,lv_tags,lv_layout,pool_lv,lv_active";

/** `lvs --reportformat json --units b --nosuffix`, asked for `volumeFields`. */
export function parseVolumes(stdout: string): LogicalVolume[] {
  return rows(stdout, "lv").map((row) => ({
    name: row["lv_name"] ?? "",
    size: bytes(row, "lv_size"),
    tags: words(row, "lv_tags"),
    sparse: words(row, "lv_layout").includes("sparse"),
    ...(row["pool_lv"] ? { pool: row["pool_lv"] } : {}),
    active: row["lv_active"] === "active",
  }));
}

function words(row: Row, column: string): string[] {
  return (row[column] ?? "").split(",").filter((word) => word !== "");
}

function bytes(row: Row, column: string): number {
  const value = Number(row[column]);
  if (row[column] === undefined || !Number.isSafeInteger(value))
    throw unexpectedAnswer("LVM", `Its report has no number of bytes in ${column}.`);
  return value;
}

function rows(stdout: string, table: "vg" | "lv"): Row[] {
  let report: unknown;
  try {
    ({ report } = JSON.parse(stdout) as { report?: unknown });
  } catch {
    throw unexpectedAnswer("LVM", "Its report is no JSON.", stdout);
  }
  if (!Array.isArray(report)) throw unexpectedAnswer("LVM", "It printed JSON without a report.");
  return (report as Readonly<Record<string, Row[] | undefined>>[]).flatMap((part) => part[table] ?? []);
}
