import { sourceText } from "../../drivers/shared/disk-source.ts";
import type { Address, AddressOf } from "../../model/address.ts";
import { exists, type Fact } from "../../model/fact.ts";
import type { Observed } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { attachedTo } from "../power/plan.ts";
import { backingExists, disks } from "../terms/disk-address.ts";
import { diskAddress } from "../terms/disk-name.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { DomainState } from "../terms/domain-state.ts";
import { guests, restored } from "../terms/guest-address.ts";
import type { FoundSeed } from "../terms/seed-address.ts";
import type { DomainSpec } from "../terms/spec.ts";

/** What a domain refers to: a disk, a volume or a config drive. */
type Attached = OwnedDiskState | FoundSeed;

/** Facts that a restore of saved memory waits for: missing disks, and missing backing files. */
export function missingFacts(want: DomainSpec, observed: Observed): Fact[] {
  return attachedTo(want).flatMap((address) => {
    const state = stateOf(address, observed);
    if (state?.kind === "disk" && state.lostBacking !== null && disks.owns(address)) return [backingExists(address)];
    return isThere(state) ? [] : [exists(address)];
  });
}

/**
 * True if a disk that the guest had when its memory was saved is missing and is recreated: the memory does not belong to the new disk.
 * A config drive is recreated with the same content.
 */
export function missesDisks(want: DomainSpec, have: DomainState, observed: Observed): boolean {
  const had = new Set(Object.values(have.disks));
  return want.disks.some(({ name, attachment, given }) => {
    const other = name.startsWith("volume/") || name === instanceFiles.configDrive || given !== null;
    return !other && had.has(sourceText(attachment)) && !isThere(stateOf(diskAddress(want.instance, name), observed));
  });
}

/** The facts to wait for before changing something that belongs to saved memory: the guest is restored first. */
export function awaitRestored(instance: string, saved: boolean | undefined): Fact[] {
  return saved === true ? [restored(guests.at(instance))] : [];
}

function isThere(state: Attached | undefined): boolean {
  return state !== undefined && (state.kind === "seed" ? !state.missing : state.disk !== undefined);
}

function stateOf(address: Address, observed: Observed): Attached | undefined {
  return observed.get(address as AddressOf<Attached>);
}
