import type { DiskSpec } from "../../drivers/driver.ts";
import { parseDiskInfo } from "../../drivers/shared/disk-info.ts";
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
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { opensWith } from "../../tools/qemu-img.ts";
import { diskRole } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { secretExists, secretGone } from "../terms/secret-address.ts";
import type { SecretSpec } from "../terms/spec.ts";
import { secretIdentity, usagePrefix } from "./secret.ts";

/** Passphrases that have been seen to be right in this run, by instance: to try one takes seconds of processor time. */
const agreedOf = perHost(() => new Map<string, string>());

/** What can be done to the secrets of instances. */
export const secretActions: readonly ActionType[] = [
  defineAction<SecretSpec>("secret.put", [secretExists], async (context, secret) => {
    const value = passphrase(context, secret);
    await expectOpening(context, secret, value);
    await putSecret(context, await identityNow(context, secret), value);
    agreeOn(context.host, secret.owner, value);
  }),
  defineAction<{ readonly uuid: string }>("secret.remove", [secretGone], async (context, { uuid }) => {
    const libvirt = libvirtOf(context);
    const own = await libvirt.secrets(usagePrefix(context.project));
    if (own.some((secret) => secret.uuid === uuid)) await libvirt.undefineSecret(uuid);
  }),
];

/**
 * Before a disk is encrypted: all encrypted disks of an instance have one passphrase, which is libvirt's as well. Without any
 * encrypted disk, libvirt gets this passphrase; otherwise it must open the existing disks. Throws a UserError when it does not.
 */
export async function agreeOnPassphrase(context: Context, disk: DiskSpec): Promise<void> {
  const { encryption, uuid: owner } = disk;
  if (encryption === null) return;
  const secret = {
    instance: ownerName(disk.owner),
    uuid: encryption.secretUuid,
    owner,
    project: context.project,
    passphrase: encryption.passphrase,
  };
  const value = passphrase(context, secret);
  if (agreedOf(context.host).get(owner) === value) return;
  const others = await expectOpening(context, secret, value);
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

function passphrase(context: Context, { passphrase: reference, instance }: SecretSpec): string {
  const value = context.secret(reference);
  if (value !== "") return value;
  throw userError("passphrase-empty", `The passphrase for the disks of ${instance} is empty`, `It comes from ${secretPlace(reference)}.`);
}

/** Tries the passphrase on an encrypted disk of the instance, and gives how many there are. */
async function expectOpening(context: Context, { owner, instance, passphrase: reference }: SecretSpec, value: string): Promise<number> {
  const { host, signal } = context;
  const paths = await qcow2Disks(context, owner);
  const starts = await host.files.readMany(paths.map((path) => ({ path, length: qcow2HeaderBytes })));
  const encrypted = paths.filter((_, index) => readQcow2Header(starts[index] ?? Buffer.alloc(0))?.header?.encryption === luks);
  const [first] = encrypted;
  if (first === undefined || agreedOf(host).get(owner) === value || (await opensWith(host, first, value, signal))) return encrypted.length;
  throw wrongPassphrase(first, instance, reference);
}

/** In a header. */
const luks = 2;

/**
 * The disks of an instance that were recorded as qcow2 when they were created. A guest can write any header into its console log and
 * raw disks, which could make qemu-img open any file of the host.
 */
async function qcow2Disks({ host, layout }: Context, owner: string): Promise<string[]> {
  const info = layout.instanceFile(owner, instanceFiles.diskInfo);
  const content = await host.files.read(info);
  const formats = content === undefined ? {} : parseDiskInfo(content.toString("utf8"), info);
  const prefix = layout.instanceFile(owner, "");
  return Object.entries(formats).flatMap(([path, format]) =>
    format === "qcow2" && path.startsWith(prefix) && diskRole(path.slice(prefix.length)) !== undefined ? [path] : [],
  );
}
