import type { Diagnostic } from "../../model/diagnostic.ts";
import type { DomainSpec } from "./spec.ts";

/** Two disks under one name: a volume asked for what the root disk has, or what another volume asked for (Nova BLK-07). */
export function checkDevices(domains: readonly DomainSpec[]): Diagnostic[] {
  return domains.flatMap(({ instance, disks }) =>
    disks.flatMap(({ target, name }, index): Diagnostic[] => {
      const other = disks.findIndex((disk) => disk.target === target);
      if (other === index) return [];
      const [first, second] = [disks[other]?.name ?? "", name].map((one) => (one === "disk" ? "the root disk" : one.replace("/", " ")));
      return [
        {
          severity: "error",
          code: "device-taken",
          summary: `Two disks of ${instance} would be ${target}`,
          detail: `${first} and ${second} both. Give the volume another device, or leave device out: it gets the next free one.`,
          address: `domain/${instance}`,
        },
      ];
    }),
  );
}
