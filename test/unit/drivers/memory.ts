import { baseOf, blankOf } from "../../../src/drivers/content.ts";
import type { Driver, PlannedDisk } from "../../../src/drivers/driver.ts";
import { checkBase, sizeOn } from "../../../src/drivers/shared/base-check.ts";
import { withBase } from "../../../src/drivers/shared/base-lease.ts";
import { growOnline } from "../../../src/drivers/shared/online-growth.ts";
import { ownSettings } from "../../../src/drivers/shared/own.ts";
import { refuseToShrink, requireSize } from "../../../src/drivers/shared/size-rules.ts";
import type { Context } from "../../../src/model/context.ts";
import { userError } from "../../../src/model/errors.ts";
import { convertToRaw } from "../../../src/tools/conversion/convert-to-raw.ts";
import { makeFilesystem } from "../../../src/tools/mkfs.ts";

/** The section `host.memory`. */
export interface MemorySettings {
  /** A directory that a filesystem in memory is mounted on. */
  readonly directory: string;
}

/** Bytes that are free there. */
export interface MemoryFacts {
  readonly free: number;
}

const page = 4096;

/** A driver that no file of src knows: raw disks in a filesystem in memory. */
export const memory: Driver<MemorySettings, MemoryFacts> = {
  name: "memory",

  async list(context, disks) {
    const stats = await context.host.files.statMany(disks.map((disk) => pathOf(context, disk)));
    return new Map(
      disks.flatMap(({ uuid, name }, index) => {
        const stat = stats[index];
        return stat?.type !== "file" ? [] : [[`${uuid}/${name}`, { backend: "memory", format: "raw", size: stat.size }] as const];
      }),
    );
  },

  async create(context, disk, report, recorded) {
    await recorded;
    const { files } = context.host;
    const path = pathOf(context, disk);
    if ((await files.stat(path)) !== undefined) return;
    await files.makeDirectory(path.slice(0, path.lastIndexOf("/")));
    const staged = `${path}.part`;
    await files.remove(staged);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => files.remove(staged).catch(() => undefined));
    const [base, blank] = [baseOf(disk), blankOf(disk)];
    if (base === null) {
      await files.truncate(staged, requireSize(disk));
      if (blank !== null) await makeFilesystem(context, staged, blank);
    } else {
      await withBase(context, base.entry, async () => {
        const checked = await checkBase(context, base);
        const size = sizeOn(disk, checked);
        if (base.format === "raw") await files.copy(base.path, staged, { onProgress: (done) => report({ phase: "copy", done }) });
        else
          await convertToRaw(context.host, {
            from: base.path,
            to: staged,
            format: base.format,
            bytes: checked.virtualSize,
            signal: context.signal,
          });
        await files.truncate(staged, Math.ceil(size / page) * page);
      });
    }
    await files.publish(staged, path, 0o644);
  },

  async grow(context, disk, bytes, online) {
    const path = pathOf(context, disk);
    const stat = await context.host.files.stat(path);
    refuseToShrink(disk, stat?.size, bytes);
    if (stat === undefined || stat.size >= bytes || (await growOnline(context, disk, path, bytes, online))) return;
    await context.host.files.truncate(path, bytes);
  },

  async remove(context, disk) {
    const path = pathOf(context, disk);
    await context.host.files.remove(`${path}.part`);
    await context.host.files.remove(path);
  },

  attachment: (disk, surroundings) => ({ type: "file", format: "raw", source: pathOf(surroundings, disk), secretUuid: null }),

  owns: (source, { uuid, path }) => source.endsWith(`/${uuid}_${path.slice(path.lastIndexOf("/") + 1)}`),

  where: ({ uuid, name, place }) => `${uuid}_${name} in memory at ${place}`,

  traits: {
    about: "raw file in memory",
    files: false,
    reserves: false,
    growsInside: false,
    steps: () => ({ bytes: page, why: "memory has pages" }),
  },

  settings: {
    schema: {
      type: "object",
      description: "Settings of images_type memory.",
      additionalProperties: false,
      required: ["directory"],
      properties: { directory: { type: "string", description: "Mount point.", pattern: "^/", expects: "a path", examples: ["/dev/shm"] } },
    },
    read(section) {
      if (section === undefined) throw userError("memory-not-configured", "images_type memory needs a directory", "");
      return section as MemorySettings;
    },
  },

  place: { key: "directory", of: ({ directory }) => directory },

  look: async (context, { directory }) => ({ free: (await context.host.files.space(directory)).free }),

  check(disks: readonly PlannedDisk[], facts) {
    const needed = disks.reduce((total, { missing }) => total + missing, 0);
    if (facts !== undefined && needed <= facts.free) return [];
    return [
      { severity: "error", code: "insufficient-memory-disk", summary: "There is not enough memory for the disks", detail: "Free memory." },
    ];
  },

  doctor: async (context) => [
    { check: "memory", status: "ok", found: `${ownSettings<MemorySettings>(context.settings, "memory")?.directory}` },
  ],
};

function pathOf(
  { settings }: Pick<Context, "settings">,
  { uuid, name, place }: { uuid: string; name: string; place: string | null },
): string {
  return `${place ?? ownSettings<MemorySettings>(settings, "memory")?.directory}/${uuid}_${name}`;
}
