import type { Context } from "../../model/context.ts";
import { escapedText } from "../escaped-xml.ts";
import { libvirtOf } from "./libvirt.ts";
import { unfinishedMark } from "./unfinished-mark.ts";

/** What libvirt keeps of a secret beside its value. */
export interface SecretIdentity {
  readonly uuid: string;
  /** The name of the volume that it opens. */
  readonly usage: string;
  readonly description: string;
}

/**
 * Makes sure that libvirt has the secret, with this value. It is kept in the memory of libvirt's daemon and never on the host's
 * disk (ephemeral), and libvirt does not give the value out again (private). Its description says that it is ready only after the
 * value was set. Throws a LibvirtError where another secret has the uuid or the usage.
 */
export async function putSecret(context: Context, secret: SecretIdentity, value: string): Promise<void> {
  const libvirt = libvirtOf(context);
  await libvirt.defineSecret(secret.uuid, secretDocument(secret, unfinishedMark));
  await libvirt.setSecretValue(secret.uuid, value);
  await libvirt.defineSecret(secret.uuid, secretDocument(secret, ""));
}

function secretDocument({ uuid, usage, description }: SecretIdentity, mark: string): string {
  return `<secret ephemeral='yes' private='yes'>
  <uuid>${uuid}</uuid>
  <description>${escapedText(`${mark}${description}`)}</description>
  <usage type='volume'><volume>${escapedText(usage)}</volume></usage>
</secret>
`;
}
