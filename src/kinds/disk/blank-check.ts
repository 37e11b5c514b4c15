import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { smallestFilesystem } from "../../tools/mkfs.ts";
import { blankDisks } from "../config/blank-disks.ts";
import { ephemeralFiles } from "../config/ephemeral-files.ts";
import { imageOf } from "../config/image-of.ts";
import { instanceNames } from "../config/instance-names.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { guests } from "../terms/guest-address.ts";
import type { Checked } from "./checked.ts";

/** Ephemerals and swap beyond what the flavor has (Nova BLD-21), and disks too small for their filesystem. */
export function checkBlankDisks({ config, observed }: Pick<Checked, "config" | "observed">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]): Diagnostic[] => {
    const flavor = config.flavors?.[instance.flavor];
    if (flavor === undefined) return [];
    const copies = instanceNames(name, instance.count);
    const first = observed.facts.identities?.[guests.at(copies[0] ?? name)]?.ephemerals;
    const disks = blankDisks(instance, imageOf(config, instance), flavor, config.host, ephemeralFiles(instance, first));
    const declared = (instance.ephemerals ?? []).reduce((sum, { size }) => sum + size, 0);
    const limit = flavor.ephemeral ?? 0;
    const tooMuch: Diagnostic = problem("ephemerals-exceed-flavor", {
      summary: `The ephemerals of ${name} are ${formatQuantity(declared)} together, and its flavor has ${formatQuantity(limit)}`,
      detail: `Write ephemeral: ${formatQuantity(declared)} or more into flavor ${instance.flavor}, or make the ephemerals smaller.`,
      address: `domain/${name}`,
      key: ["ephemerals"],
    });
    const swap = instance.swap ?? 0;
    const swapLimit = flavor.swap ?? 0;
    const tooMuchSwap: Diagnostic = problem("swap-exceeds-flavor", {
      summary: `The swap of ${name} is ${formatQuantity(swap)}, and its flavor has ${formatQuantity(swapLimit)}`,
      detail: `Write swap: ${formatQuantity(swap)} or more into flavor ${instance.flavor}, or make the swap of ${name} smaller.`,
      address: `domain/${name}`,
      key: ["swap"],
    });
    const tooSmall = disks.flatMap(({ name: fileName, size, content }): Diagnostic[] => {
      const least = smallestFilesystem[content.filesystem];
      // Existing disks keep their filesystem.
      const isThere = (copy: string) => observed.get(diskAddress(copy, fileName))?.disk !== undefined;
      if (size >= least || (content.usual && copies.every(isThere))) return [];
      return [
        problem("disk-too-small-for-filesystem", {
          summary: `A disk of ${formatQuantity(size)} is too small for ${content.filesystem}`,
          detail: `${content.filesystem} needs at least ${formatQuantity(least)}. Make the disk larger or choose another format.`,
          address: diskAddress(name, fileName),
        }),
      ];
    });
    const names = (instance.ephemerals ?? []).flatMap(({ name }) => name ?? []);
    const twice = [...new Set(names.filter((one, index) => names.indexOf(one) !== index))].map((one) =>
      problem("ephemeral-name-taken", {
        summary: `Two ephemerals of ${name} are named ${one}`,
        detail: "A name says which disk is meant. Give each ephemeral its own.",
        address: `domain/${name}`,
        key: ["ephemerals"],
      }),
    );
    return [...twice, ...(declared > limit ? [tooMuch] : []), ...(swap > swapLimit ? [tooMuchSwap] : []), ...tooSmall];
  });
}
