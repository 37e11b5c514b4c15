import { allDrivers } from "../../drivers/index.ts";
import { allDone } from "../../model/all-done.ts";
import type { Context } from "../../model/context.ts";
import { instanceFiles, isStagedDisk, isUuidDirectory, stagedPath } from "../../model/layout.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { readOwnFiles } from "../../tools/own-file.ts";
import { forgetLabels, parseLabel, sweepDoomedDirectories } from "../directory/label.ts";
import { rememberMount } from "../presence/mount.ts";
import { sweepPassphrases } from "../secret/sweep.ts";

/** Files that are written under a temporary name first. */
const written = [instanceFiles.label, instanceFiles.diskInfo, instanceFiles.xml, stagedPath(instanceFiles.configDrive)];

/** Removes leftovers of an interrupted apply of this project from instance directories. */
export async function sweepInstances(context: Context): Promise<void> {
  forgetLabels(context);
  // The look that follows begins with libvirt.
  libvirtOf(context).warm();
  const [, , own] = await allDone([
    rememberMount(context),
    sweepDoomedDirectories(context),
    sweepTemporaryFiles(context),
    sweepPassphrases(context),
  ]);
  for (const { put } of allDrivers()) await put?.sweep?.(context, own);
}

/**
 * Removes temporary files from this project's directories. Writers hold the project's lock, which this process holds now, so no writer is
 * active. The next write of the same file would replace them, but may never happen. Resolves to the uuids of this project's directories.
 */
async function sweepTemporaryFiles(context: Context): Promise<ReadonlySet<string>> {
  const { host, layout } = context;
  const directories = (await host.files.list(layout.root)).filter(({ name, type }) => type === "directory" && isUuidDirectory(name));
  const labels = await readOwnFiles(
    context,
    directories.map(({ name }) => layout.instanceFile(name, instanceFiles.label)),
  );
  const own = directories.filter((_, index) => parseLabel(labels[index]?.content)?.project === context.project).map(({ name }) => name);
  // All at once: on a host elsewhere each turn is a round trip.
  const contents = await Promise.all(own.map((uuid) => host.files.list(layout.instance(uuid))));
  for (const [index, uuid] of own.entries()) {
    for (const { name, type } of contents[index] ?? []) {
      const temporary =
        name === stagedPath(instanceFiles.configDrive) ||
        (name.endsWith(".tmp") && written.some((target) => name.startsWith(`${target}.`)));
      if (temporary && type === "file") await host.files.remove(layout.instanceFile(uuid, name));
      if (type === "directory" && isStagedDisk(name)) await host.files.removeTree(layout.instanceFile(uuid, name));
    }
  }
  return new Set(own);
}
