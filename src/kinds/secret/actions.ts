import type { DiskRef, DiskSpec } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import { wrongPassphrase } from "../../drivers/shared/passphrase.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { userError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { instanceFiles } from "../../model/layout.ts";
import { perHost } from "../../model/per-host.ts";
import { secretPlace } from "../../model/secret.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { putSecret, type SecretIdentity } from "../../tools/libvirt/secret.ts";
import { readLabel } from "../directory/label.ts";
import { readVolumeLabel } from "../directory/volume-label.ts";
import { forgetPassphrase, recordPassphrase } from "../presence/passphrase-record.ts";
import { diskRole } from "../terms/disk-name.ts";
import { readRecord, recordProblem } from "../terms/disk-record.ts";
import { secretExists, secretGone, secretNameOf, secretOwnerText, volumeOfSecret } from "../terms/secret-address.ts";
import type { SecretSpec } from "../terms/spec.ts";
import { secretIdentity, usagePrefix } from "./secret.ts";

/** Passphrases that have been seen to be right in this run, by instance: to try one takes seconds of processor time. */
const agreedOf = perHost(() => new Map<string, string>());

/** What can be done to the secrets of instances. */
export const secretActions: readonly ActionType[] = [
  defineAction<SecretSpec>("secret.put", [secretExists], async (context, secret) => {
    const value = passphrase(context, secret);
    await expectOpening(context, secret, value);
    // Before libvirt has it ready: a record of another passphrase would then be taken for a changed one.
    await recordPassphrase(context, secret.owner, value);
    await putSecret(context, await identityNow(context, secret), value);
    agreeOn(context.host, secret.owner, value);
  }),
  defineAction<{ readonly uuid: string; readonly owner: string }>("secret.remove", [secretGone], async (context, { uuid, owner }) => {
    const libvirt = libvirtOf(context);
    const own = await libvirt.secrets(usagePrefix(context.project));
    if (own.some((secret) => secret.uuid === uuid)) await libvirt.undefineSecret(uuid);
    await forgetPassphrase(context, owner);
  }),
];

/**
 * Before a disk is encrypted: all encrypted disks of an instance have one passphrase, which is libvirt's as well. Without any
 * encrypted disk, libvirt gets this passphrase; otherwise it must open the existing disks. Throws a UserError when it does not.
 */
export async function agreeOnPassphrase(context: Context, disk: DiskSpec): Promise<void> {
  const { encryption, uuid: owner } = disk;
  if (encryption === null) return;
  const { passphrase: reference, secretUuid: uuid } = encryption;
  const secret = { name: secretNameOf(disk.owner), uuid, owner, project: context.project, passphrase: reference };
  const value = passphrase(context, secret);
  if (agreedOf(context.host).get(owner) === value) return;
  const others = await expectOpening(context, secret, value);
  await recordPassphrase(context, owner, value);
  if (others === 0) await putSecret(context, await identityNow(context, secret), value);
  agreeOn(context.host, owner, value);
}

/** libvirt does not let the usage of a secret be changed, which has the name that the instance had when it was defined. */
async function identityNow(context: Context, secret: SecretSpec): Promise<SecretIdentity> {
  const known = await libvirtOf(context).secrets(usagePrefix(context.project));
  const identity = secretIdentity(secret);
  return { ...identity, usage: known.find(({ uuid }) => uuid === secret.uuid)?.usage ?? identity.usage };
}

function agreeOn(host: Host, owner: string, value: string): void {
  agreedOf(host).set(owner, value);
}

function passphrase(context: Context, { passphrase: reference, name }: SecretSpec): string {
  const value = context.secret(reference);
  if (value !== "") return value;
  const summary = `The passphrase for the disks of ${secretOwnerText(name)} is empty`;
  throw userError("passphrase-empty", summary, `It comes from ${secretPlace(reference)}.`);
}

/** Tries the passphrase on an encrypted disk of the instance or volume, and gives how many there are. */
async function expectOpening(context: Context, secret: SecretSpec, value: string): Promise<number> {
  const { owner, name, passphrase: reference } = secret;
  const encrypted = await encryptedDisks(context, secret);
  const [first] = encrypted;
  if (first === undefined || agreedOf(context.host).get(owner) === value) return encrypted.length;
  const { disk, backend } = first;
  if ((await driverOf(backend).encryption?.opens(context, disk, value)) === true) return encrypted.length;
  throw wrongPassphrase(driverOf(backend).where(disk), secretOwnerText(name), reference);
}

/**
 * The disks that were recorded as encrypted, exist, and are. A guest can write any header into its console log and into disks that are not
 * encrypted, which could make qemu-img open any file of the host.
 */
async function encryptedDisks(context: Context, secret: SecretSpec): Promise<{ readonly disk: DiskRef; readonly backend: string }[]> {
  const recorded = (await recordsOf(context, secret)).flatMap(({ name, path, record }) => {
    if (recordProblem(record) !== undefined) return [];
    const { backend, place, encrypted } = readRecord(record, context.settings);
    return encrypted ? [{ backend, disk: { uuid: secret.owner, name, path, place, encrypted } }] : [];
  });
  const found = await Promise.all(
    recorded.map(async ({ backend, disk }) => (await driverOf(backend).list(context, [disk])).get(`${disk.uuid}/${disk.name}`)),
  );
  return recorded.filter((_, index) => found[index]?.encryption === "luks");
}

/** What the labels say of disks. */
async function recordsOf(context: Context, { name: secret, owner }: SecretSpec) {
  const { layout } = context;
  if (volumeOfSecret(secret) !== undefined) {
    const label = await readVolumeLabel(context, owner);
    return label === undefined
      ? []
      : [{ name: instanceFiles.root, path: layout.volumeFile(owner, instanceFiles.root), record: label.record }];
  }
  const objects = Object.entries((await readLabel(context, owner))?.objects ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  return objects.flatMap(([name, record]) =>
    diskRole(name) === undefined ? [] : [{ name, path: layout.instanceFile(owner, name), record }],
  );
}
