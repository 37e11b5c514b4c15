import type { Context } from "../model/context.ts";
import { CommandError, userError } from "../model/errors.ts";

type Machine = Pick<Context, "host" | "signal">;

/** Bytes of a sector, in which a descriptor counts. */
const sector = 512;

/** Growing writes zeros where the filesystem cannot do without. */
const timeoutMs = 60 * 60_000;

/** The size in bytes that a `DiskDescriptor.xml` tells; undefined when it tells none. */
export function parseDescriptorSize(xml: string): number | undefined {
  const sectors = /<Disk_size>\s*(\d+)\s*<\/Disk_size>/.exec(xml)?.[1];
  return sectors === undefined ? undefined : Number(sectors) * sector;
}

/** Writes the descriptor of a raw image into its directory (Nova PLOOP-01). There must be none. Needs no kernel module. */
export async function restoreDescriptor(machine: Machine, directory: string, image: string): Promise<void> {
  await run(machine, ["restore-descriptor", "-f", "raw", directory, image]);
}

async function run({ host, signal }: Machine, args: readonly string[]): Promise<void> {
  try {
    await host.run({ program: "ploop", args, timeoutMs, signal });
  } catch (error) {
    if (error instanceof CommandError && error.reason === "missing") {
      throw userError(
        "ploop-missing",
        `ploop is not installed on ${host.name}`,
        "images_type ploop needs it. On Debian and Ubuntu: apt install ploop.",
      );
    }
    throw error;
  }
}
