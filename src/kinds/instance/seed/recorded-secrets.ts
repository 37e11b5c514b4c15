import { createHash } from "node:crypto";
import type { SecretRef } from "../../../model/secret.ts";
import type { Config } from "../../config.ts";
import type { PublicSeed, SeedSecrets, SeedState } from "../../terms/seed-state.ts";

/** Finds the values now of what a drive was built with; null where one of them is not available. */
export type RecordedSecrets = (applied: PublicSeed) => SeedSecrets | null;

/**
 * Looks up what a drive refers to by the record of what was last applied: environment variables by their names, user data that the
 * configuration holds as text by its digest.
 */
export function recordedSecrets(config: Config, lookUpSecret: (reference: SecretRef) => string | undefined): RecordedSecrets {
  let texts: ReadonlyMap<string, string> | undefined;
  const currentValue = (recorded: unknown): string | null | undefined => {
    if (recorded === null || recorded === undefined) return null;
    const { env, sha256 } = recorded as { readonly env?: unknown; readonly sha256?: unknown };
    if (typeof env === "string") return lookUpSecret({ env });
    texts ??= textsOf(config);
    return typeof sha256 === "string" ? texts.get(sha256) : undefined;
  };
  return (applied) => {
    // Without references, the digest of what everyone may see tells all.
    if (!refers(applied["user_data"]) && !refers(applied["admin_password"])) return null;
    const [userData, adminPassword] = [currentValue(applied["user_data"]), currentValue(applied["admin_password"])];
    if (userData === undefined || adminPassword === undefined) return null;
    return { userData: userData === null ? null : Buffer.from(userData), adminPassword };
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
  return typeof recorded === "object" && recorded !== null && "env" in recorded;
}

function textsOf(config: Config): Map<string, string> {
  const texts = Object.values(config.instances ?? {}).flatMap(({ user_data }) =>
    user_data !== undefined && "text" in user_data ? [user_data.text] : [],
  );
  return new Map(texts.map((text) => [createHash("sha256").update(text).digest("hex"), text]));
}
