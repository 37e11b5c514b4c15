import { ownsSource } from "../../drivers/index.ts";
import type { Observed } from "../../model/kind.ts";
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

/** As much of a domain's state as is looked at here. */
interface Domain {
  readonly kind: "domain";
  readonly uuid: string;
  readonly power: string;
  readonly disks: Readonly<Record<string, string>>;
}

/** Which of this project's guests has a volume, by its definition. */
export function volumeUser(volume: Pick<VolumeState, "uuid" | "path">, observed: Observed): VolumeUser | undefined {
  for (const [address, state] of observed.states) {
    const domain = state as Partial<Domain>;
    if (domain.kind !== "domain") continue;
    for (const source of Object.values(domain.disks ?? {})) {
      if (!ownsSource(source, volume)) continue;
      const running = domain.power === "running" || domain.power === "paused" || domain.power === "suspended";
      return { instance: address.slice("domain/".length), uuid: domain.uuid ?? "", running, saved: domain.power === "saved" };
    }
  }
  return undefined;
}
