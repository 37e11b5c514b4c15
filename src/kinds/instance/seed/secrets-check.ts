import type { Diagnostic } from "../../../model/diagnostic.ts";
import type { Observed } from "../../../model/observed.ts";
import { problem } from "../../../model/problem.ts";
import { type SecretRef, secretPlace, unavailableSecret } from "../../../model/secret.ts";
import type { Checked } from "../../disk/checked.ts";
import { type SeedAddress, seeds } from "../../terms/seed-address.ts";
import { isSecretText, type SeedSpec } from "../../terms/spec.ts";
import { seedDigest } from "./public.ts";

/** A secret that is not available, and a drive that it belongs to. */
interface Missing {
  readonly reference: SecretRef;
  readonly key: "admin_password" | "user_data";
  readonly address: SeedAddress;
  /** The drive is built by this plan, so that the value is needed. */
  readonly needed: boolean;
}

/**
 * Secrets of config drives that are not available: those that are needed, and those without which it is not known whether a drive is
 * still what the configuration says. One problem for each secret, however many drives have it.
 */
export function checkSeedSecrets({ drives, observed }: Pick<Checked, "drives" | "observed">): Diagnostic[] {
  const missing = drives.flatMap((drive) => missingOf(drive, observed));
  const groups = Map.groupBy(missing, ({ reference, key, needed }) => `${secretPlace(reference)} ${key} ${needed}`);
  return [...groups.values()].flatMap((group): Diagnostic[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { reference, key, address, needed } = first;
    const { summary, remedy } = unavailableSecret(reference);
    const named = group.slice(0, mostNamed).map((one) => one.address);
    const more = group.length > mostNamed ? ` and ${group.length - mostNamed} more` : "";
    const drivesNamed = `${named.join(", ")}${more}`;
    const why = needed
      ? `${drivesNamed} cannot be built without this ${words[key]}.`
      : `Whether ${drivesNamed} still has this ${words[key]} is not known.`;
    return [problem("secret-missing", { summary, detail: `${why} ${remedy}`, address, key: [key], unseen: !needed })];
  });
}

const mostNamed = 3;
const words = { admin_password: "password", user_data: "user data" } as const;

function missingOf(drive: SeedSpec, observed: Observed): Missing[] {
  const { adminPassword, userData, instance } = drive;
  const references = [
    ...(adminPassword === null ? [] : [{ key: "admin_password" as const, reference: adminPassword }]),
    ...(userData === null || !isSecretText(userData) ? [] : [{ key: "user_data" as const, reference: userData }]),
  ].filter(({ reference }) => (observed.facts.secrets[secretPlace(reference)] ?? "missing") === "missing");
  if (references.length === 0) return [];
  const address = seeds.at(instance);
  const found = observed.get(address);
  const needed = found?.applied == null || found.missing || !found.intact || found.digest !== seedDigest(drive);
  return references.map(({ key, reference }) => ({ key, reference, address, needed }));
}
