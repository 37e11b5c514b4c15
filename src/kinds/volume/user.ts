import { isSourceOf } from "../../drivers/shared/disk-source.ts";
import type { Observed } from "../../model/kind.ts";
import { isUp } from "../power/is-up.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { VolumeState } from "./spec.ts";

/** The guest whose definition has a volume. */
export interface VolumeUser {
  readonly instance: string;
  /** Of the domain. */
  readonly uuid: string;
  readonly running: boolean;
  /** It is off, and its saved memory belongs to the volume as it is. */
  readonly saved: boolean;
}

/** Which of this project's guests has a volume, by its definition. */
export function volumeUser(volume: Pick<VolumeState, "uuid" | "path">, observed: Observed): VolumeUser | undefined {
  for (const [address, state] of observed.states) {
    const domain = state as Partial<DomainState> & { readonly kind?: string };
    if (domain.kind !== "domain") continue;
    for (const source of Object.values(domain.disks ?? {})) {
      if (!isSourceOf(source, volume)) continue;
      const running = isUp(domain.power ?? "stopped");
      return { instance: address.slice("domain/".length), uuid: domain.uuid ?? "", running, saved: domain.power === "saved" };
    }
  }
  return undefined;
}
