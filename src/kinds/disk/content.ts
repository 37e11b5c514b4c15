import { blankOf } from "../../drivers/content.ts";
import type { Address } from "../../model/address.ts";
import type { Observed } from "../../model/kind.ts";
import { disks } from "../terms/disk-address.ts";
import type { InstanceDisk } from "./disk.ts";

/**
 * A wanted disk, given what exists: a default filesystem is for new disks only (Nova GEN-02), and an existing disk keeps the filesystem
 * that it has. Other specs are returned unchanged.
 */
export function keepExistingFilesystem<Spec extends InstanceDisk | { readonly kind: string } | undefined>(
  address: Address,
  spec: Spec,
  observed: Pick<Observed, "get">,
): Spec {
  const blank = isDisk(spec) ? blankOf(spec.disk) : null;
  if (!isDisk(spec) || blank?.usual !== true) return spec;
  const have = disks.owns(address) ? observed.get(address) : undefined;
  const filesystem = have?.disk === undefined ? undefined : have.applied.filesystem;
  return filesystem === undefined || filesystem === null
    ? spec
    : { ...spec, disk: { ...spec.disk, content: { kind: "blank", blank: { ...blank, filesystem } } } };
}

function isDisk<Spec>(spec: Spec): spec is Spec & InstanceDisk {
  return (spec as { readonly kind?: string } | undefined)?.kind === "disk";
}
