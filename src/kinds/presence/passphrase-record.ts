import { createHash, createHmac, scrypt } from "node:crypto";
import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import { type SecretRef, secretPlace } from "../../model/secret.ts";
import { machineId } from "../../tools/machine-id.ts";
import { readRecords, recordPath, removeRecord, writeRecord } from "./record-files.ts";

/*
 * Which passphrase the disks of an instance or volume have: libvirt does not tell, and a disk only after seconds of processor time. What is recorded
 * is a digest behind a slow function in a file that only its owner reads: guessing from it takes some hundredths of a second for each guess.
 */

const recordName = /^passphrase-([0-9a-f-]{36})\.json$/;

/** Records the passphrase that opens the disks of an owner, an instance or a volume by its uuid. */
export async function recordPassphrase(context: Context, owner: string, value: string): Promise<void> {
  const salt = createHash("sha256")
    .update(`${(await machineId(context.host)) ?? ""} ${await recordPath(context, "")}`)
    .digest("hex");
  const record = { version: 1, project: context.project, salt, digest: digestOf(await slowKey(value, salt), owner) };
  const name = `passphrase-${owner}.json`;
  const known = (await readRecords(context, recordName)).get(name);
  // Written once only: what a kill in the middle leaves is removed with the next attempt.
  if (known?.["salt"] === salt && known["digest"] === record.digest && known["project"] === record.project) return;
  await writeRecord(context, name, record, "a changed passphrase");
}

/** Removes the record of an owner without encrypted disks. */
export function forgetPassphrase(context: Context, owner: string): Promise<void> {
  return removeRecord(context, `passphrase-${owner}.json`);
}

/** The uuids of the instances and volumes of this project with a record. */
export async function recordedOwners(context: Context): Promise<string[]> {
  return [...(await readRecords(context, recordName))].flatMap(([name, { project }]) =>
    project === context.project ? (recordName.exec(name)?.[1] ?? []) : [],
  );
}

/** Which of these references have the recorded passphrase: places by owner, for owners with a record. References without a value match none. */
export async function matchPassphrases(context: Context, references: readonly SecretRef[]): Promise<Record<string, readonly string[]>> {
  if (references.length === 0) return {};
  const records = await readRecords(context, recordName);
  const values = new Map(references.flatMap((one) => placeAndValue(context, one)));
  const salts = new Set([...records.values()].map(({ salt }) => String(salt)));
  const keys = await Promise.all(
    [...salts].flatMap((salt) =>
      [...new Set(values.values())].map(async (value) => [`${salt} ${value}`, await slowKey(value, salt)] as const),
    ),
  );
  const byValue = new Map(keys);
  return Object.fromEntries(
    [...records].flatMap(([name, { version, salt, digest }]) => {
      const owner = recordName.exec(name)?.[1];
      if (owner === undefined || version !== 1) return [];
      const matches = ([, value]: readonly [string, string]) => {
        const key = byValue.get(`${String(salt)} ${value}`);
        return key !== undefined && digestOf(key, owner) === digest;
      };
      return [[owner, [...values].filter(matches).map(([place]) => place)] as const];
    }),
  );
}

function placeAndValue(context: Context, reference: SecretRef): (readonly [string, string])[] {
  try {
    return [[secretPlace(reference), context.secret(reference)]];
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [];
  }
}

/** Keys that were derived in this process, by a digest of what they follow from. */
const derived = new Map<string, Promise<Buffer>>();

/** Takes 16 MiB and some hundredths of a second, once for each passphrase. */
function slowKey(passphrase: string, salt: string): Promise<Buffer> {
  const name = createHash("sha256").update(`${salt} ${passphrase}`).digest("hex");
  const known = derived.get(name);
  if (known !== undefined) return known;
  const made = new Promise<Buffer>((resolve, reject) => {
    scrypt(passphrase, salt, 32, { N: 2 ** 14 }, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
  derived.set(name, made);
  return made;
}

function digestOf(key: Buffer, owner: string): string {
  return createHmac("sha256", key).update(owner).digest("hex");
}
