import { createHash } from "node:crypto";
import { type SecretRef, secretRefOf } from "../../../model/secret.ts";
import type { Config } from "../../config.ts";
import type { PublicSeed, SeedSecrets, SeedState } from "../../terms/seed-state.ts";
import { bytesOfInput, isSecretText } from "../../terms/spec.ts";

/** Finds the values now of what a drive was built with; null where one of them is not available. */
export type RecordedSecrets = (applied: PublicSeed) => SeedSecrets | null;

/**
 * Looks up what a drive refers to by the record of what was last applied: environment variables by their names, user data that the
 * configuration holds as text by its digest.
 */
export function recordedSecrets(config: Config, lookUpSecret: (reference: SecretRef) => string | undefined): RecordedSecrets {
  let texts: ReadonlyMap<string, Buffer> | undefined;
  const byName = (recorded: unknown): string | null | undefined => {
    if (recorded === null || recorded === undefined) return null;
    const reference = secretRefOf(recorded);
    return reference === undefined ? undefined : lookUpSecret(reference);
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
  return (applied) => {
    // Without references, the digest of what everyone may see tells all.
    if (!refers(applied["user_data"]) && !refers(applied["admin_password"])) return null;
    const [userData, adminPassword] = [userDataOf(applied["user_data"]), byName(applied["admin_password"])];
    return userData === undefined || adminPassword === undefined ? null : { userData, adminPassword };
  };
}

/** How the values now compare with those that a drive was built with. */
export function compareSecrets(
  built: { readonly applied: PublicSeed; readonly secrets: string } | null,
  values: RecordedSecrets,
  digestOf: (secrets: SeedSecrets) => string,
): SeedState["secrets"] {
  const now = built === null ? null : values(built.applied);
  if (built === null || now === null) return "unknown";
  return digestOf(now) === built.secrets ? "same" : "changed";
}

function refers(recorded: unknown): boolean {
  return secretRefOf(recorded) !== undefined;
}

function textsOf(config: Config): Map<string, Buffer> {
  const texts = Object.values(config.instances ?? {}).flatMap(({ user_data }) =>
    user_data === undefined || isSecretText(user_data) ? [] : [bytesOfInput(user_data)],
  );
  return new Map(texts.map((bytes) => [createHash("sha256").update(bytes).digest("hex"), bytes]));
}
