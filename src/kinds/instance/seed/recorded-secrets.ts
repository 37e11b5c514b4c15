import { createHash } from "node:crypto";
import { type SecretRef, secretRefOf } from "../../../model/secret.ts";
import type { Config } from "../../config.ts";
import type { PublicSeed, SecretKey, SeedSecrets } from "../../terms/seed-state.ts";
import { bytesOfInput, isSecretText } from "../../terms/spec.ts";
import { secretDigest, secretsDigest, seedReferences } from "./secrets.ts";

/** Finds the values now of what a drive was built with; undefined for one that is not available. */
export type RecordedSecrets = (applied: PublicSeed) => { readonly [key in keyof SeedSecrets]: SeedSecrets[key] | undefined };

/** What the label records of the secrets that a drive was built with. */
export type BuiltSecrets = {
  readonly applied: PublicSeed;
  /** Digest of all of them together. */
  readonly secrets: string;
  /** The digest of each value that the drive holds by reference; absent in labels of earlier versions. */
  readonly secretDigests?: { readonly [key in SecretKey]?: string };
};

/**
 * Looks up what a drive refers to by the record of what was last applied: references that the configuration has as well, and user data that the
 * configuration holds as text by its digest. Labels are on the host, so a reference that is only in a label is not followed: a host that was broken
 * into could otherwise name a program that this machine runs.
 */
export function recordedSecrets(config: Config, lookUpSecret: (reference: SecretRef) => string | undefined): RecordedSecrets {
  let texts: ReadonlyMap<string, Buffer> | undefined;
  let written: ReadonlySet<string> | undefined;
  const byName = (recorded: unknown): string | null | undefined => {
    if (recorded === null || recorded === undefined) return null;
    const reference = secretRefOf(recorded);
    if (reference === undefined) return undefined;
    written ??= referencesOf(config);
    return written.has(JSON.stringify(reference)) ? lookUpSecret(reference) : undefined;
  };
  const userDataOf = (recorded: unknown): Buffer | null | undefined => {
    const { sha256 } = (recorded ?? {}) as { readonly sha256?: unknown };
    if (typeof sha256 === "string") {
      texts ??= textsOf(config);
      return texts.get(sha256);
    }
    const value = byName(recorded);
    return typeof value === "string" ? Buffer.from(value) : value;
  };
  return (applied) => ({ userData: userDataOf(applied["user_data"]), adminPassword: byName(applied["admin_password"]) });
}

/**
 * The references of a drive whose values now differ from those that it was built with. One whose value is not available is left out. A label
 * of an earlier version does not tell them apart: all are named where any differs.
 */
export function changedSecrets(built: BuiltSecrets | null, values: RecordedSecrets, randomSeed: Buffer): readonly SecretKey[] {
  if (built === null) return [];
  // Without references, the digest of the public content covers everything.
  const keys = [...seedReferences(built.applied).keys()];
  if (keys.length === 0) return [];
  const { userData, adminPassword } = values(built.applied);
  const now = { user_data: userData, admin_password: adminPassword };
  const { secretDigests } = built;
  if (secretDigests !== undefined)
    return keys.filter((key) => now[key] !== undefined && secretDigest(key, now[key], randomSeed) !== secretDigests[key]);
  if (userData === undefined || adminPassword === undefined) return [];
  return secretsDigest({ userData, adminPassword }, randomSeed) === built.secrets ? [] : keys;
}

function textsOf(config: Config): Map<string, Buffer> {
  const texts = Object.values(config.instances ?? {}).flatMap(({ user_data }) =>
    user_data === undefined || isSecretText(user_data) ? [] : [bytesOfInput(user_data)],
  );
  return new Map(texts.map((bytes) => [createHash("sha256").update(bytes).digest("hex"), bytes]));
}

/** The references of all config drives, as JSON. */
function referencesOf(config: Config): ReadonlySet<string> {
  const values = Object.values(config.instances ?? {}).flatMap(({ user_data, admin_password }) => [user_data, admin_password]);
  return new Set(values.flatMap((value) => JSON.stringify(secretRefOf(value)) ?? []));
}
