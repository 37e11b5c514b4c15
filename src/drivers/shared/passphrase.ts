import type { Context } from "../../model/context.ts";
import { CommandError, type UserError, userError } from "../../model/errors.ts";
import { type SecretRef, secretPlace } from "../../model/secret.ts";
import { refusesPassphrase } from "../../tools/qemu-img.ts";
import type { DiskSpec } from "../driver.ts";

/** The passphrase of a disk that is to be encrypted, as something to hand over; nothing for one that is not. Throws a UserError when it cannot be had. */
export function passphraseOf(context: Pick<Context, "secret">, disk: DiskSpec): { readonly passphrase?: string } {
  return disk.encryption === null ? {} : { passphrase: context.secret(disk.encryption.passphrase) };
}

/** Says that the passphrase does not open a disk. `owner`: whose disk, in words. */
export function wrongPassphrase(path: string, owner: string, passphrase: SecretRef | null): UserError {
  const from = passphrase === null ? "where the configuration says" : secretPlace(passphrase);
  return userError(
    "passphrase-wrong",
    `The passphrase does not open a disk of ${owner}`,
    `${path} was encrypted with a passphrase other than the one from ${from}. Disks keep the passphrase that they were created with: provide that one. docs/backends.md explains how to change it.`,
  );
}

/** Runs what opens an encrypted disk, and says so when it is the passphrase that does not fit. */
export async function withPassphraseErrors<T>(path: string, disk: DiskSpec, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandError && refusesPassphrase(error.stderr))
      throw wrongPassphrase(path, disk.owner.label, disk.encryption?.passphrase ?? null);
    throw error;
  }
}
