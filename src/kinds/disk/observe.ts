import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { type BaseTrouble, lookAtBases } from "../chain/base-of.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { readRecord, recordProblem } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { type AskedDisk, askDrivers } from "./ask-drivers.ts";
import { lostBackings, missingBases } from "./backing.ts";
import { damagedEntry } from "./damaged-entry.ts";
import { listedOf } from "./disk.ts";

/** A disk that a label names. */
export interface LabelledDisk extends Pick<OwnedDiskState, "kind" | "owner" | "uuid" | "name" | "path" | "running" | "saved" | "defined"> {
  readonly address: DiskAddress;
  /** For messages: `swap disk of web-0`. */
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
  const damaged: { readonly disk: Pick<LabelledDisk, "address">; readonly diagnostics: readonly Diagnostic[] }[] = [];
  const whole: ReadDisk[] = [];
  for (const disk of labelled) {
    const problem = recordProblem(disk.record);
    if (problem !== undefined) {
      damaged.push({ disk, diagnostics: [damagedEntry(disk.owner, disk.what, problem, disk.address)] });
      continue;
    }
    const applied = readRecord(disk.record, context.settings);
    whole.push({ ...disk, applied, backend: applied.backend });
  }
  const { found: disks, refused } = await askDrivers(whole, (driver, mine) => driver.list(context, mine.map(listedOf)));
  const blocked = whole.flatMap((disk) => {
    const obstacle = disks.get(`${disk.uuid}/${disk.name}`)?.obstacle;
    return obstacle === undefined ? [] : [{ disk, diagnostics: [blockedPath(disk, obstacle)] }];
  });
  const problems = [...damaged, ...refused, ...blocked];
  const unread = new Set<Address>(problems.map(({ disk }) => disk.address));
  const overlays = whole.flatMap(({ uuid, name, path, applied }) => {
    const disk = disks.get(`${uuid}/${name}`);
    return disk === undefined || applied.image === null || applied.encrypted
      ? []
      : [{ path, disk, markedOn: applied.marked ? applied.entry : null }];
  });
  const [lost, missing, troubles] = await Promise.all([
    lostBackings(context, [...disks.values()]),
    missingBases(context, [...disks.values()]),
    lookAtBases(context, overlays),
  ]);
  const states = whole
    .filter(({ address }) => !unread.has(address))
    .map(({ address, what: _what, record: _record, backend: _backend, ...known }): [DiskAddress, OwnedDiskState] => {
      const disk = disks.get(`${known.uuid}/${known.name}`);
      return [
        address,
        {
          ...known,
          disk,
          unlabelled: false,
          lostBacking: lost.get(disk?.backing ?? "") ?? null,
          ...withTrouble(troubles.get(known.path) ?? (missing.has(disk?.backing ?? "") ? "missing" : undefined)),
        },
      ];
    });
  return { states: new Map(states), unread: [...unread], diagnostics: problems.flatMap(({ diagnostics }) => diagnostics) };
}

function withTrouble(baseTrouble: BaseTrouble | undefined): { readonly baseTrouble?: BaseTrouble } {
  return baseTrouble === undefined ? {} : { baseTrouble };
}

/** A labelled disk whose record can be used. */
type ReadDisk = LabelledDisk & AskedDisk & Pick<OwnedDiskState, "applied">;

function blockedPath({ address, what, path }: ReadDisk, obstacle: string): Diagnostic {
  return {
    severity: "error",
    code: "disk-path-blocked",
    summary: `${path} is ${obstacle}`,
    detail: `This is the path of the ${what}. Links are not followed, and another format is not used. Move the disk back to ${path}, or remove ${obstacle.replace(/^a /, "the ")}.`,
    address,
  };
}
