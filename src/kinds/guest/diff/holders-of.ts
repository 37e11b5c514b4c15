import { sourceText } from "../../../drivers/shared/disk-source.ts";
import type { Address } from "../../../model/address.ts";
import type { Observed } from "../../../model/observed.ts";
import type { VolumeHolder } from "../../power/plan.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { volumes } from "../../terms/volume-address.ts";
import { volumeHolders } from "../volume-holders.ts";

/** Other guests that still have volumes of this guest. */
export function holdersOf(want: DomainSpec, observed: Observed): VolumeHolder[] {
  const attached = want.disks.filter(({ name }) => volumes.owns(name as Address));
  return volumeHolders(want.uuid, new Set(attached.map(({ attachment }) => sourceText(attachment))), observed);
}
