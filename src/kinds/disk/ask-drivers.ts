import type { AnyDriver, DiskOwner } from "../../drivers/driver.ts";
import { allDrivers } from "../../drivers/index.ts";
import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { UnreachableError } from "../../model/errors.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import { labelPath } from "../terms/disk-owner.ts";

/** A disk that a label names, with the driver that keeps it. */
export interface AskedDisk {
  readonly address: Address;
  readonly owner: DiskOwner;
  readonly backend: string;
}

/** What drivers found, by `<uuid>/<name>`, and the disks about which a driver refused to say anything, with the reasons. */
export interface Answers<Disk, Found> {
  readonly found: ReadonlyMap<string, Found>;
  readonly refused: readonly { readonly disk: Disk; readonly diagnostics: readonly Diagnostic[] }[];
}

/**
 * Asks each driver once about the disks that it keeps. A refusal of one driver leaves out its own disks only. Throws UnreachableError when a
 * storage does not answer.
 */
export async function askDrivers<Disk extends AskedDisk, Found>(
  disks: readonly Disk[],
  ask: (driver: AnyDriver, mine: readonly Disk[]) => Promise<ReadonlyMap<string, Found>>,
): Promise<Answers<Disk, Found>> {
  const answers = await Promise.all(
    allDrivers().map(async (driver): Promise<Answers<Disk, Found>> => {
      const mine = disks.filter(({ backend }) => backend === driver.name);
      if (mine.length === 0) return { found: new Map(), refused: [] };
      try {
        return { found: await ask(driver, mine), refused: [] };
      } catch (error) {
        const failure = error instanceof UnreachableError ? undefined : failureDiagnostics(error);
        if (failure === undefined) throw error;
        return { found: new Map(), refused: refusalOf(mine, failure) };
      }
    }),
  );
  return { found: new Map(answers.flatMap(({ found }) => [...found])), refused: answers.flatMap(({ refused }) => refused) };
}

/** A driver says once what is wrong; the disks that it costs are named in the first message. */
function refusalOf<Disk extends AskedDisk>(disks: readonly Disk[], failure: readonly Diagnostic[]) {
  const labels = [...new Set(disks.map(({ owner }) => labelPath(owner)))];
  const named = `${labels.slice(0, 3).join(", ")}${labels.length > 3 ? ` and ${labels.length - 3} more` : ""}`;
  const said = (disk: Disk) =>
    failure.map((one) => ({ ...one, address: disk.address, detail: `${one.detail} Recorded in ${named}.`.trimStart() }));
  return disks.map((disk, index) => ({ disk, diagnostics: index > 0 ? [] : said(disk) }));
}
