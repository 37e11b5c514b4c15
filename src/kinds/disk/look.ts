import type { DiskRef, DiskState } from "../../drivers/driver.ts";
import { allDrivers } from "../../drivers/index.ts";
import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { UnreachableError } from "../../model/errors.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import { appliedProblem } from "./parse-applied.ts";
import { withPlace } from "./place.ts";

/** A disk that a label names, as an instance's directory or a volume's has it. */
export interface LabelledDisk {
  readonly address: Address;
  /** For messages: `Disk disk of web-0`. */
  readonly what: string;
  /** Path of the label. */
  readonly label: string;
  readonly uuid: string;
  readonly name: string;
  readonly path: string;
  /** As the label has it, whatever that is. */
  readonly applied: unknown;
}

/** What a look at disks found. */
export interface DiskLook {
  /** Those that exist, by `<uuid>/<name>`. */
  readonly disks: ReadonlyMap<string, DiskState>;
  /** Disks about which nothing is known, because their label, their driver or what has their name does not let us. */
  readonly unread: readonly Address[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Looks at disks, once for each driver. What is wrong with one disk, or with one driver's storage, costs these disks alone. Throws
 * UnreachableError when a storage does not answer.
 */
export async function lookAtDisks(context: Context, labelled: readonly LabelledDisk[]): Promise<DiskLook> {
  const damaged = labelled.flatMap((disk) => {
    const problem = appliedProblem(disk.applied);
    return problem === undefined ? [] : [{ disk, diagnostic: damagedLabel(disk, problem) }];
  });
  const whole = labelled.filter((disk) => appliedProblem(disk.applied) === undefined);
  const looks = allDrivers().map(async (driver) => {
    const mine = whole.filter(({ applied }) => (applied as Applied).backend === driver.name);
    if (mine.length === 0) return { disks: new Map<string, DiskState>(), refused: [] };
    try {
      return {
        disks: await driver.list(
          context,
          mine.map((disk) => refOf(context, disk)),
        ),
        refused: [],
      };
    } catch (error) {
      const failure = error instanceof UnreachableError ? undefined : failureDiagnostics(error);
      if (failure === undefined) throw error;
      return { disks: new Map<string, DiskState>(), refused: refusalOf(mine, failure) };
    }
  });
  const found = await Promise.all(looks);
  const disks = new Map(found.flatMap((look) => [...look.disks]));
  const blocked = whole.flatMap((disk) => {
    const obstacle = disks.get(`${disk.uuid}/${disk.name}`)?.obstacle;
    return obstacle === undefined ? [] : [{ disk, diagnostic: blockedPath(disk, obstacle) }];
  });
  const problems = [...damaged, ...found.flatMap(({ refused }) => refused), ...blocked];
  for (const { disk } of problems) disks.delete(`${disk.uuid}/${disk.name}`);
  return { disks, unread: problems.map(({ disk }) => disk.address), diagnostics: problems.flatMap(({ diagnostic }) => diagnostic) };
}

interface Applied {
  readonly backend: string;
  readonly place?: string;
}

function refOf(context: Context, { uuid, name, path, applied }: LabelledDisk): DiskRef {
  const { place = null } = withPlace(applied as Applied, context.settings);
  return { uuid, name, path, place };
}

/** A driver says once what is wrong; the disks that it costs are named in the first message. */
function refusalOf(disks: readonly LabelledDisk[], failure: readonly Diagnostic[]) {
  const labels = [...new Set(disks.map(({ label }) => label))];
  const named = `${labels.slice(0, 3).join(", ")}${labels.length > 3 ? ` and ${labels.length - 3} more` : ""}`;
  return disks.map((disk, index) => ({
    disk,
    diagnostic:
      index > 0
        ? []
        : failure.map((one) => ({ ...one, address: disk.address, detail: `${one.detail ?? ""} Recorded in ${named}.`.trimStart() })),
  }));
}

function damagedLabel({ address, what, label }: LabelledDisk, problem: string): Diagnostic {
  return {
    severity: "error",
    code: "label-damaged",
    summary: `The entry of ${what} in ${label} is not usable`,
    detail: `${problem}. It is not planned and not changed. Correct the file manually, or restore it from a backup.`,
    address,
  };
}

function blockedPath({ address, what, path }: LabelledDisk, obstacle: string): Diagnostic {
  return {
    severity: "error",
    code: "disk-path-blocked",
    summary: `${path} is ${obstacle}`,
    detail: `This is the path of ${what}. Links are not followed, and another format is not used. Move the disk back to ${path}, or remove ${obstacle.replace(/^a /, "the ")}.`,
    address,
  };
}
