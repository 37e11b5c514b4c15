import type { WrongAccess } from "../../drivers/shared/file-access.ts";
import type { Json } from "../../model/json.ts";
import type { DriveFormat } from "./drive-format.ts";

/**
 * What a plan may show of a config drive, and what the label keeps of the one last applied. User data stands as a digest
 * and a number of lines; what comes by reference stands as the reference.
 */
export type PublicSeed = { readonly [key: string]: Json };

/** The values that a drive's spec only refers to, and its user data as bytes. */
export interface SeedSecrets {
  /** As the guest reads it, byte for byte (Nova CFG-16). */
  readonly userData: Buffer | null;
  readonly adminPassword: string | null;
}

/** What a drive can hold by reference, by its key in the configuration. */
export type SecretKey = "user_data" | "admin_password";

/** A config drive as found. Safe to print: it holds no secret and no random seed. */
export interface SeedState {
  readonly uuid: string;
  readonly instance: string;
  readonly format: DriveFormat;
  /** The driver that keeps it. */
  readonly backend: string;
  readonly place: string | null;
  /** Digest of the public content last applied; null when its making never came to an end. */
  readonly digest: string | null;
  /** It holds what was last written to it. Of one in Ceph: its label says so. */
  readonly intact: boolean;
  /** There is none. */
  readonly missing: boolean;
  /** Its file has other permissions than it should have, or belongs to another user. */
  readonly access?: WrongAccess;
  /** The user data on the drive, where the configuration has another text and neither is secret. Absent: not read. */
  readonly userData?: string;
  /** What was last applied, without secrets; null like `digest`. */
  readonly applied: PublicSeed | null;
  /** Its references whose values now differ from those that it was built with, if any. One whose value is not available is not among them. */
  readonly changedSecrets?: readonly SecretKey[];
}
