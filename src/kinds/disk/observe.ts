import type { DiskOwner, DiskState } from "../../drivers/driver.ts";
import { allDrivers } from "../../drivers/index.ts";
import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { UnreachableError } from "../../model/errors.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { readRecord, recordProblem } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { lostBackings } from "./backing.ts";
import { refOf } from "./disk.ts";

/** A disk that a label names. */
export interface LabelledDisk extends Pick<OwnedDiskState, "kind" | "owner" | "uuid" | "name" | "path" | "running" | "saved" | "defined"> {
  readonly address: DiskAddress;
  /** For messages: `disk disk.swap of web-0`. */
  readonly what: string;
  /** As the label has it, whatever that is. */
  readonly record: unknown;
}

/** What a look at disks found. */
export interface DiskLook {
  readonly states: ReadonlyMap<DiskAddress, OwnedDiskState>;
  /** Disks about which nothing is known, because their label, their driver or what has their name does not let us. */
  readonly unread: readonly Address[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Looks at disks, once for each driver. What is wrong with one disk, or with one driver's storage, costs these disks alone. Throws
 * UnreachableError when a storage does not answer.
 */
export async function observeDisks(context: Context, labelled: readonly LabelledDisk[]): Promise<DiskLook> {
  const damaged: { readonly disk: Pick<LabelledDisk, "address">; readonly diagnostic: Diagnostic }[] = [];
  const whole: ReadDisk[] = [];
  for (const disk of labelled) {
    const problem = recordProblem(disk.record);
    if (problem === undefined) whole.push({ ...disk, applied: readRecord(disk.record, context.settings) });
    else damaged.push({ disk, diagnostic: damagedLabel(disk, problem) });
  }
  const looks = allDrivers().map(async (driver) => {
    const mine = whole.filter(({ applied }) => applied.backend === driver.name);
    if (mine.length === 0) return { disks: new Map<string, DiskState>(), refused: [] };
    try {
      return {
        disks: await driver.list(context, mine.map(refOf)),
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
  const unread = new Set<Address>(problems.map(({ disk }) => disk.address));
  const lost = await lostBackings(context, [...disks.values()]);
  const states = whole
    .filter(({ address }) => !unread.has(address))
    .map(({ address, what: _what, record: _record, ...known }): [DiskAddress, OwnedDiskState] => {
      const disk = disks.get(`${known.uuid}/${known.name}`);
      return [address, { ...known, disk, unlabelled: false, lostBacking: lost.get(disk?.backing ?? "") ?? null }];
    });
  return { states: new Map(states), unread: [...unread], diagnostics: problems.flatMap(({ diagnostic }) => diagnostic) };
}

/** A labelled disk whose record can be used. */
type ReadDisk = LabelledDisk & Pick<OwnedDiskState, "applied">;

/** A driver says once what is wrong; the disks that it costs are named in the first message. */
function refusalOf(disks: readonly ReadDisk[], failure: readonly Diagnostic[]) {
  const labels = [...new Set(disks.map(({ owner }) => labelOf(owner)))];
  const named = `${labels.slice(0, 3).join(", ")}${labels.length > 3 ? ` and ${labels.length - 3} more` : ""}`;
  return disks.map((disk, index) => ({
    disk,
    diagnostic:
      index > 0
        ? []
        : failure.map((one) => ({ ...one, address: disk.address, detail: `${one.detail ?? ""} Recorded in ${named}.`.trimStart() })),
  }));
}

function damagedLabel({ address, what, owner }: LabelledDisk, problem: string): Diagnostic {
  return {
    severity: "error",
    code: "label-damaged",
    summary: `The entry of ${what} in ${labelOf(owner)} is not usable`,
    detail: `${problem}. It is not planned and not changed. Correct the file manually, or restore it from a backup.`,
    address,
  };
}

function blockedPath({ address, what, path }: ReadDisk, obstacle: string): Diagnostic {
  return {
    severity: "error",
    code: "disk-path-blocked",
    summary: `${path} is ${obstacle}`,
    detail: `This is the path of ${what}. Links are not followed, and another format is not used. Move the disk back to ${path}, or remove ${obstacle.replace(/^a /, "the ")}.`,
    address,
  };
}

function labelOf({ directory }: DiskOwner): string {
  return `${directory}/${instanceFiles.label}`;
}
