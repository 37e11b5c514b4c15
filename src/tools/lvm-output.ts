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
  /** `linear`, `thin`, `snapshot`. */
  readonly type: string;
}

type Row = Readonly<Record<string, string>>;

/** `vgs --reportformat json --units b --nosuffix`, asked for one group. */
export function parseVolumeGroup(stdout: string): VolumeGroup {
  const [row] = rows(stdout, "vg");
  if (row === undefined) throw new Error("vgs named no volume group");
  return { size: bytes(row, "vg_size"), free: bytes(row, "vg_free"), extentSize: bytes(row, "vg_extent_size") };
}

/** `lvs --reportformat json --units b --nosuffix`. */
export function parseVolumes(stdout: string): LogicalVolume[] {
  return rows(stdout, "lv").map((row) => ({
    name: row["lv_name"] ?? "",
    size: bytes(row, "lv_size"),
    tags: (row["lv_tags"] ?? "").split(",").filter((tag) => tag !== ""),
    type: row["segtype"] ?? "linear",
  }));
}

function bytes(row: Row, column: string): number {
  const value = Number(row[column]);
  if (row[column] === undefined || !Number.isSafeInteger(value)) throw new Error(`LVM's report has no number of bytes in ${column}`);
  return value;
}

function rows(stdout: string, table: "vg" | "lv"): Row[] {
  let report: unknown;
  try {
    ({ report } = JSON.parse(stdout) as { report?: unknown });
  } catch {
    throw new Error(`LVM printed a report that is no JSON: ${JSON.stringify(stdout.slice(0, 200))}`);
  }
  if (!Array.isArray(report)) throw new Error("LVM printed JSON without a report");
  return (report as Readonly<Record<string, Row[] | undefined>>[]).flatMap((part) => part[table] ?? []);
}
