import type { InstanceConfig } from "../config.ts";

/** When an ephemeral disk, by its file name, is tried for booting (Nova BLK-09): after the root disk, which is 0. Negative: never. */
export function bootIndexOf(ephemerals: InstanceConfig["ephemerals"], files: readonly string[], fileName: string): number {
  return ephemerals?.[files.indexOf(fileName)]?.boot_index ?? -1;
}
