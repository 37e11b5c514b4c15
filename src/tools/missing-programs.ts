import type { Context } from "../model/context.ts";
import { isGuestfsInstalled } from "./guestfs/is-guestfs-installed.ts";
import { guestfsPackage } from "./guestfs/python.ts";
import { isInstalled } from "./is-installed.ts";

/** Those of the programs that are not installed: of `mkfs.*`, `mkswap`, programs that decompress or unpack, and libguestfs by its package. */
export async function missingPrograms(context: Pick<Context, "host" | "signal">, programs: readonly string[]): Promise<string[]> {
  // Most print their version, the others how they are used: none of them has a target.
  const found = await Promise.all(
    programs.map((program) => (program === guestfsPackage ? isGuestfsInstalled(context) : isInstalled(context, program, ["-V"]))),
  );
  return programs.filter((_, index) => found[index] !== true);
}
