import { baseOf, blankOf, injectedInto } from "../../drivers/content.ts";
import type { BaseRef } from "../../drivers/driver.ts";
import type { Address } from "../../model/address.ts";
import type { Observed } from "../../model/kind.ts";
import { isSameBytes } from "../image/same-bytes.ts";
import { disks } from "../terms/disk-address.ts";
import { isForRescue } from "../terms/disk-name.ts";
import { isSameContent } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { InstanceDisk } from "./disk.ts";
import { isUnfinished } from "./injection/record.ts";
import { mustBeRemade } from "./must-be-remade.ts";

type Existing = Pick<Observed, "get">;

/** Remembered, because checks, comparison and capacity ask for the same. */
const remembered = new WeakMap<InstanceDisk, { readonly observed: Existing; readonly spec: InstanceDisk }>();

/**
 * A wanted disk, given what exists: a default filesystem is for new disks only (Nova GEN-02), so an existing disk keeps the filesystem that it
 * has; one whose instance does not follow a change of its image keeps the image, with the wanted one as `behind`; and what is injected is injected
 * into new disks only. Other specs are returned unchanged.
 */
export function keepExistingContent<Spec extends InstanceDisk | { readonly kind: string } | undefined>(
  address: Address,
  spec: Spec,
  observed: Existing,
): Spec {
  if (!isDisk(spec)) return spec;
  const before = remembered.get(spec);
  if (before?.observed === observed) return before.spec as typeof spec;
  const have = disks.owns(address) ? observed.get(address) : undefined;
  const kept = have?.disk === undefined || have.replace === true ? spec : keepContent(spec, have, observed);
  remembered.set(spec, { observed, spec: kept });
  return kept;
}

function keepContent<Spec extends InstanceDisk>(spec: Spec, have: OwnedDiskState, observed: Existing): Spec {
  const [base, blank] = [baseOf(spec.disk), blankOf(spec.disk)];
  if (blank?.usual === true) {
    const { filesystem } = have.applied;
    return filesystem === null ? spec : { ...spec, disk: { ...spec.disk, content: { kind: "blank", blank: { ...blank, filesystem } } } };
  }
  if (base === null) return spec;
  const on = (before: BaseRef) => ({
    ...spec,
    disk: { ...spec.disk, content: { ...spec.disk.content, kind: "base" as const, base: before } },
  });
  const kept = isOnSameBytes(spec, base, have, observed)
    ? on({ ...baseBefore(base, have), image: base.image })
    : keepsImage(spec, base, have)
      ? { ...on(baseBefore(base, have)), behind: base.image }
      : spec;
  return mustBeRemade(kept, have) ? kept : withInjected(kept, have);
}

/** A disk that stays keeps what was injected into it, unless that was not finished. */
function withInjected<Spec extends InstanceDisk>(spec: Spec, { applied: { injected } }: OwnedDiskState): Spec {
  const [{ content }, wanted] = [spec.disk, injectedInto(spec.disk)];
  if (content.kind !== "base" || wanted === injected || isUnfinished(injected)) return spec;
  const { injected: _wanted, ...without } = content;
  const kept = injected === null ? without : { ...without, injected };
  return { ...spec, ...(wanted === null ? {} : { injectedBehind: wanted }), disk: { ...spec.disk, content: kept } };
}

/** Whether a disk was made from the content that its image has now, under another name of it in the cache. */
function isOnSameBytes(
  { source }: InstanceDisk,
  base: BaseRef,
  { applied: { entry, content } }: OwnedDiskState,
  observed: Existing,
): boolean {
  return entry !== null && entry !== base.entry && isSameBytes(observed, { entry, content }, { entry: base.entry, declared: source });
}

/** Whether a disk stays on the image that it was made from although another one is configured. The disks of a rescue come and go with it. */
function keepsImage({ disk, domain }: InstanceDisk, base: BaseRef, { applied }: OwnedDiskState): boolean {
  if (applied.entry === null || applied.image === null || isSameContent(base, applied) || isForRescue(disk.name)) return false;
  return domain.rebuild === "manual" || (domain.rebuild === "on_name_change" && applied.image === base.image);
}

/** The base image that an existing disk was made from. */
function baseBefore(base: BaseRef, { applied: { image, entry } }: OwnedDiskState): BaseRef {
  const before = entry ?? base.entry;
  return {
    ...base,
    image: image ?? base.image,
    entry: before,
    path: `${base.path.slice(0, base.path.length - base.entry.length)}${before}`,
    cloneFrom: [],
  };
}

function isDisk<Spec>(spec: Spec): spec is Spec & InstanceDisk {
  return (spec as { readonly kind?: string } | undefined)?.kind === "disk";
}
