import type { Resource } from "../../model/resource.ts";
import type { Wanted } from "../config/wanted.ts";
import { secretNameOf, secrets } from "../terms/secret-address.ts";
import type { SecretSpec } from "../terms/spec.ts";
import { desiredVolume } from "../volume/desired.ts";

/** The secrets of encrypted volumes, each with a passphrase of its own (Nova DOM-09). */
export function volumeSecrets(wanted: Wanted): Resource<{ readonly kind: "secret"; readonly secret: SecretSpec }>[] {
  const { config } = wanted;
  return Object.keys(config.volumes ?? {}).flatMap((volume) => {
    const { owner, uuid, encryption } = desiredVolume(wanted, volume).disk;
    if (encryption === null) return [];
    const name = secretNameOf(owner);
    const { passphrase, secretUuid } = encryption;
    const secret = { name, uuid: secretUuid, owner: uuid, project: config.project ?? "default", passphrase };
    return [{ address: secrets.at(name), spec: { kind: "secret", secret } }];
  });
}
