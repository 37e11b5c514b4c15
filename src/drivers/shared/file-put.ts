import type { Context } from "../../model/context.ts";
import type { FileStat } from "../../model/host.ts";
import { stagedPath } from "../../model/layout.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import type { Put, PutRecord } from "../driver.ts";
import { fileOwners, restrictFile, wrongAccess } from "./file-access.ts";

/** A drive may hold a password. libvirt gives the file to its guest when that starts. */
const privateMode = 0o600;

/** Drives that are plain files. A guest that runs keeps the file that it has open, whatever gets its name. */
export const filePut: Put = {
  words: { thing: "file", where: "", arrival: "it becomes a file" },

  async look(context, disks) {
    const [stats, owners] = await Promise.all([context.host.files.statMany(disks.map(({ ref }) => ref.path)), fileOwners(context)]);
    const each = disks.map(async ({ ref, record }, index) => {
      const stat = stats[index];
      const found = { intact: await isIntact(context, record, ref.path, stat), missing: stat === undefined };
      const access = stat?.type === "file" ? wrongAccess(ref.path, stat, privateMode, owners) : undefined;
      return [`${ref.uuid}/${ref.name}`, withoutUndefined({ ...found, access })] as const;
    });
    return new Map(await Promise.all(each));
  },

  read: (context, { path }, range) => context.host.files.read(path, range),

  // It is staged where it lies.
  stage: () => Promise.resolve(),

  // Its name is on the disk before its guest is defined or started.
  async publish(context, { path }, { from }) {
    await context.host.files.change([{ do: "publish", staged: from, final: path, mode: privateMode }], "later");
  },

  restrict: (context, { path }, owner) => restrictFile(context, path, privateMode, owner),

  async remove(context, { path }) {
    await context.host.files.remove(stagedPath(path));
    await context.host.files.remove(path);
  },
};

/** A file is read only when it seems to have been touched. */
async function isIntact(context: Context, record: PutRecord | null, path: string, stat: FileStat | undefined): Promise<boolean> {
  if (record === null || stat?.type !== "file" || stat.size !== record.size) return false;
  if (stat.mtimeMs === record.mtimeMs && stat.inode === record.inode) return true;
  const { sha256 } = await context.host.files.digest(path, ["sha256"]);
  return sha256 === record.sha256;
}
