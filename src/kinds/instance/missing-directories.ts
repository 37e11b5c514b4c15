import { allDrivers } from "../../drivers/index.ts";
import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import { keepsNothing } from "../disk/lost.ts";
import { appliedFields } from "../guest/applied-fields.ts";
import { isUp } from "../power/is-up.ts";
import { diskAddress, diskRole } from "../terms/disk-name.ts";
import { instanceOwner, ownerName } from "../terms/disk-owner.ts";
import { readRecord } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { DomainState } from "../terms/domain-state.ts";

/**
 * Disks of this project's guests whose directories are missing, as libvirt's definitions name them: the label that would name them is missing as
 * well. `hasDirectory`: whether there is a directory for a uuid, of any project. Disks that need no directory, and disks without
 * data of a guest, are left out.
 */
export function missingDirectories(
  context: Context,
  domains: readonly DomainState[],
  hasDirectory: (uuid: string) => boolean,
): ReadonlyMap<Address, OwnedDiskState> {
  const missing = domains.filter(({ uuid, label }) => label?.project === context.project && label.adopted === null && !hasDirectory(uuid));
  return new Map(
    missing.flatMap((domain) => disksOf(context, domain).map((disk) => [diskAddress(ownerName(disk.owner), disk.name), disk])),
  );
}

function disksOf(context: Context, domain: DomainState): OwnedDiskState[] {
  const { uuid, label, power } = domain;
  const found = new Map<string, OwnedDiskState>();
  for (const { source, format } of namedSources(domain)) {
    const start = source.indexOf(`/${uuid}/`);
    const [file = ""] = start < 0 ? [] : source.slice(start + uuid.length + 2).split("/");
    const name = diskOfLayer(file);
    if (label === undefined || !source.startsWith("/") || diskRole(name) === undefined || keepsNothing(name) || found.has(name)) continue;
    const path = source.slice(0, start + uuid.length + 2) + name;
    const owners = allDrivers().filter((driver) => driver.owns(source, { uuid, path }));
    const backend = (owners.find((driver) => driver.name === format) ?? owners[0])?.name ?? context.settings.imagesType;
    found.set(name, {
      kind: "disk",
      owner: instanceOwner(context.layout, uuid, label.instance, label.preventDestroy),
      uuid,
      name,
      path,
      applied: readRecord({ backend, size: null }, context.settings),
      disk: undefined,
      running: isUp(power),
      saved: power === "saved",
      defined: true,
      unlabelled: true,
      lostBacking: null,
    });
  }
  return [...found.values()];
}

/** The disk that a file is, or that it is a layer above by its name: libvirt calls the layer of snapshot `s1` above `disk` `disk.s1`. */
function diskOfLayer(file: string): string {
  const end = file.lastIndexOf(".");
  return diskRole(file) !== undefined || end < 0 ? file : diskOfLayer(file.slice(0, end));
}

/** The sources that were last applied, and those of the definition: a snapshot puts another file in front of a disk. */
function namedSources({ label, fields }: DomainState): { readonly source: string; readonly format: string | undefined }[] {
  return [appliedFields(label) ?? {}, fields].flatMap((known) =>
    Object.entries(known).flatMap(([path, value]) => {
      const target = /^disks\.([^.]+)\.source$/.exec(path)?.[1];
      if (target === undefined || typeof value !== "string" || known[`disks.${target}.device`] === "cdrom") return [];
      const format = known[`disks.${target}.format`];
      return [{ source: value, format: typeof format === "string" ? format : undefined }];
    }),
  );
}
