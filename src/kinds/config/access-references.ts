import type { SecretRef } from "../../model/secret.ts";
import type { ImageAccess } from "../../sources/access.ts";

/** The secrets that are presented to the server of an image. */
export function accessReferences({ bearer, basic, headers, netrc, client_certificate: client, ca }: ImageAccess): SecretRef[] {
  return [
    bearer ?? [],
    basic?.password ?? [],
    Object.values(headers ?? {}),
    netrc ?? [],
    client === undefined ? [] : [client.certificate, client.key, client.passphrase ?? []].flat(),
    ca ?? [],
  ].flat();
}
