import { createHmac } from "node:crypto";
import type { Context } from "../../../model/context.ts";
import { type SecretRef, secretRefOf } from "../../../model/secret.ts";
import type { PublicSeed, SecretKey, SeedSecrets } from "../../terms/seed-state.ts";
import { bytesOfInput, isSecretText, type SeedSpec } from "../../terms/spec.ts";

export type { SeedSecrets } from "../../terms/seed-state.ts";

/** Looks up the references. Throws a UserError that names a reference that is not available. */
export function resolveSeedSecrets(context: Pick<Context, "secret">, spec: Pick<SeedSpec, "userData" | "adminPassword">): SeedSecrets {
  const { userData, adminPassword } = spec;
  return {
    userData: userData === null ? null : isSecretText(userData) ? Buffer.from(context.secret(userData)) : bytesOfInput(userData),
    adminPassword: adminPassword === null ? null : context.secret(adminPassword),
  };
}

/**
 * A digest that recognises the same secrets later without storing them. It is keyed with the drive's random seed, so that equal passwords
 * of two instances have different digests.
 */
export function secretsDigest(secrets: SeedSecrets, randomSeed: Buffer): string {
  const { userData, adminPassword } = secrets;
  const values = [userData?.toString("base64") ?? null, adminPassword];
  return createHmac("sha256", randomSeed).update(JSON.stringify(values)).digest("hex");
}

/** The same for one value. The key is part of it, so that equal values of two keys have different digests. */
export function secretDigest(key: SecretKey, value: Buffer | string | null, randomSeed: Buffer): string {
  return createHmac("sha256", randomSeed)
    .update(`${key}\0`)
    .update(value ?? "")
    .digest("hex");
}

/** What a drive holds by reference, as its public content shows it. */
export function seedReferences(shown: PublicSeed): ReadonlyMap<SecretKey, SecretRef> {
  const keys: readonly SecretKey[] = ["user_data", "admin_password"];
  return new Map(
    keys.flatMap((key) => {
      const reference = secretRefOf(shown[key]);
      return reference === undefined ? [] : [[key, reference] as const];
    }),
  );
}
