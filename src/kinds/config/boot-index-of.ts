import type { InstanceConfig } from "../config.ts";
import { ephemeralFileName } from "../terms/disk-name.ts";

/** When an ephemeral disk, by its file name, is tried for booting (Nova BLK-09): after the root disk, which is 0. Negative: never. */
export function bootIndexOf({ ephemerals = [] }: Pick<InstanceConfig, "ephemerals">, fileName: string): number {
  return ephemerals.find((_, index) => ephemeralFileName(index) === fileName)?.boot_index ?? -1;
}
