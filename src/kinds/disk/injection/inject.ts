import { randomBytes } from "node:crypto";
import type { DiskSpec } from "../../../drivers/driver.ts";
import { guestDiskOf } from "../../../drivers/index.ts";
import type { Context } from "../../../model/context.ts";
import { RefusedError } from "../../../model/errors.ts";
import { problem } from "../../../model/problem.ts";
import { shellWord } from "../../../model/shell-word.ts";
import { writeIntoDisk } from "../../../tools/guestfs/write-into-disk.ts";
import { isPasswordHash, saltOf, sha512Crypt } from "../../../tools/sha512-crypt.ts";
import { ownerName } from "../../terms/disk-owner.ts";
import { guests } from "../../terms/guest-address.ts";
import type { Injection } from "../../terms/injection.ts";
import { type InjectedItem, type InjectionPlan, injectionPlan, readFirst, writtenPaths } from "./writes.ts";

/**
 * Writes what is injected into a disk that no guest has had yet. Files are mandatory: one that cannot be written is an error; everything else is
 * reported as a warning (Nova INJ-05). Throws a CodedError, also when no file system is found.
 */
export async function inject(context: Context, disk: DiskSpec, injection: Injection): Promise<void> {
  const instance = ownerName(disk.owner);
  const { password, partition, emulated } = injection;
  const hash = password === null ? null : hashOf(context.secret(password));
  let plan: InjectionPlan = { writes: [], impossible: [] };
  const unwritten = await writeIntoDisk(
    context,
    {
      name: `root disk of ${instance}`,
      disk: guestDiskOf(disk, context.settings),
      partition,
      emulated,
      read: Object.values(readFirst),
      paths: writtenPaths(injection),
    },
    (found) => {
      plan = injectionPlan(injection, hash, found);
      return plan.writes.map(({ write }) => write);
    },
  );
  const failures = [
    ...plan.impossible,
    ...unwritten.flatMap(([index, why]) => (plan.writes[index] === undefined ? [] : [{ item: plan.writes[index].item, why }])),
  ];
  const lost = failures.filter(({ item }) => item.mandatory);
  if (lost.length > 0)
    throw new RefusedError(
      "inject-failed",
      `${lost.length === 1 ? "A file" : `${lost.length} files`} could not be injected into the root disk of ${instance}`,
      `${lost.slice(0, 5).map(failureText).join("; ")}. The disk is made again with the next apply: change the path, the owner or the image.`,
    );
  for (const { item, why } of failures) context.warn?.(notInjected(instance, item, why));
}

/** A password as it is given: a hash stays. */
function hashOf(password: string): string {
  return isPasswordHash(password) ? password : sha512Crypt(password, saltOf(randomBytes(16)));
}

function failureText({ item, why }: { readonly item: InjectedItem; readonly why: string }): string {
  return `${item.what}: ${why}`;
}

function notInjected(instance: string, item: InjectedItem, why: string) {
  return problem(
    "inject-incomplete",
    {
      summary: `${instance} starts without ${item.what}`,
      detail: `It could not be injected into the root disk: ${why}. The guest is made all the same, as only files are mandatory. Prepare the image for it, then \`virtform apply --replace ${shellWord(instance)}\`.`,
      address: guests.at(instance),
    },
    "warning",
  );
}
