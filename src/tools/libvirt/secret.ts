import type { Context } from "../../model/context.ts";
import { CommandError } from "../../model/errors.ts";
import { virshError } from "./virsh-errors.ts";

/** What libvirt is told of a secret beside its value. */
export interface SecretIdentity {
  readonly uuid: string;
  /** What the volume is called that it opens. */
  readonly usage: string;
  readonly description: string;
}

/** Before the description of a secret whose value has perhaps not been set. */
export const unfinishedMark = "not ready: ";

const timeoutMs = 120_000;

/**
 * Makes sure that libvirt has the secret, with this value. It is kept in libvirtd's memory and never on the host's disk
 * (ephemeral), and nobody is told the value (private). The value goes through standard input. Its description says that it is ready
 * only after the value was set. Throws libvirt's words where another secret has the uuid or the usage.
 */
export async function putSecret(context: Context, secret: SecretIdentity, value: string): Promise<void> {
  await define(context, secret, unfinishedMark);
  await virsh(context, `Setting the value of secret ${secret.uuid} failed`, ["secret-set-value", secret.uuid, "--plain", "--file"], value);
  await define(context, secret, "");
}

function define(context: Context, { uuid, usage, description }: SecretIdentity, mark: string): Promise<void> {
  const document = `<secret ephemeral='yes' private='yes'>
  <uuid>${uuid}</uuid>
  <description>${escaped(`${mark}${description}`)}</description>
  <usage type='volume'><volume>${escaped(usage)}</volume></usage>
</secret>
`;
  return virsh(context, `Defining secret ${uuid} failed`, ["secret-define"], document);
}

/** A process of its own: what is written to a conversation may end up in a history. */
async function virsh(context: Context, what: string, words: readonly string[], stdin: string): Promise<void> {
  const { host, settings, signal } = context;
  const uri = host.libvirtUri ?? settings.uri;
  try {
    await host.run({ program: "virsh", args: ["-q", "-c", uri, ...words, "/dev/stdin"], stdin, timeoutMs, signal });
  } catch (error) {
    if (!(error instanceof CommandError) || error.reason !== "exit") throw error;
    throw virshError(what, error.stderr, uri);
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
