import type { SecretRef } from "../../model/secret.ts";
import type { Config } from "../config.ts";

/** The passphrases of disks that a configuration refers to. */
export function passphraseReferences(config: Config): SecretRef[] {
  return Object.values(config.instances ?? {}).flatMap(({ encryption }) => encryption?.passphrase ?? []);
}
