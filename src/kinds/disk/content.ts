import type { Address } from "../../model/address.ts";
import type { Observed } from "../../model/kind.ts";
import type { InstanceSpec } from "../instance/desired.ts";
import { disks } from "./address.ts";

/**
 * A disk as it should be, given what is there: the filesystem that is usual is one for new disks (Nova GEN-02), and a disk that has another
 * one is as good. Anything else is as wanted.
 */
export function withOwnContent<Spec extends InstanceSpec | undefined>(
  address: Address,
  spec: Spec,
  observed: Pick<Observed, "get">,
): Spec | InstanceSpec {
  if (spec?.kind !== "disk" || spec.disk.content?.usual !== true) return spec;
  const have = disks.owns(address) ? observed.get(address) : undefined;
  const filesystem = have?.disk === undefined ? undefined : have.applied.filesystem;
  return filesystem === undefined ? spec : { ...spec, disk: { ...spec.disk, content: { ...spec.disk.content, filesystem } } };
}
