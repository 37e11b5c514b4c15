import type { SecretRef } from "../../model/secret.ts";
import type { Config } from "../config.ts";
import { isSecretText } from "../terms/spec.ts";

/** Everything secret that a configuration refers to. */
export function secretReferences(config: Config): SecretRef[] {
  const inDrives = Object.values(config.instances ?? {}).flatMap(({ count, admin_password, user_data }): SecretRef[] => {
    if (count === 0) return [];
    return [admin_password ?? [], user_data === undefined || !isSecretText(user_data) ? [] : user_data].flat();
  });
  return [...passphraseReferences(config), ...inDrives];
}

/** The passphrases of disks that a configuration refers to. */
export function passphraseReferences(config: Config): SecretRef[] {
  const owners = [...Object.values(config.instances ?? {}), ...Object.values(config.volumes ?? {})];
  return owners.flatMap(({ encryption }) => encryption?.passphrase ?? []);
}
