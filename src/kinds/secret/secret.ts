import type { Action } from "../../model/action.ts";
import type { Change } from "../../model/change.ts";
import type { Observed } from "../../model/kind.ts";
import { secretPlace } from "../../model/secret.ts";
import { uuidV5 } from "../../model/uuid.ts";
import type { SecretIdentity } from "../../tools/libvirt/secret.ts";
import { disks } from "../terms/disk-address.ts";
import { defined, gone, guests, stopped } from "../terms/guest-address.ts";
import { type SecretAddress, secretExists, secretGone, secretOwnerText, volumeOfSecret } from "../terms/secret-address.ts";
import type { SecretState } from "../terms/secret-state.ts";
import type { SecretSpec } from "../terms/spec.ts";
import { volumeGone, volumes } from "../terms/volume-address.ts";

export type { SecretState } from "../terms/secret-state.ts";

/** The uuid of the secret of an instance or volume. */
export function secretUuid(owner: string): string {
  return uuidV5(`secret/${owner}`);
}

/** How the usage of every secret of a project begins: by it a secret is known as ours, and by nothing else. */
export function usagePrefix(project: string): string {
  return `virtform/${project}/`;
}

/** How libvirt identifies a secret. */
export function secretIdentity({ name, uuid, owner, project }: Omit<SecretSpec, "passphrase">): SecretIdentity {
  return { uuid, usage: `${usagePrefix(project)}${name}/${owner}`, description: `disks of ${secretOwnerText(name)} of project ${project}` };
}

/** What there is to know about a secret from its usage; undefined for one that only looks like ours. */
export function secretState(
  { uuid, usage, ready }: { readonly uuid: string; readonly usage: string; readonly ready: boolean },
  project: string,
): SecretState | undefined {
  const [name, owner, ...rest] = usage.slice(usagePrefix(project).length).split("/");
  if (name === undefined || owner === undefined || rest.length > 0 || secretUuid(owner) !== uuid) return undefined;
  return { name, uuid, owner, ready };
}

/** Difference between the wanted and the existing secret. Its value cannot be compared: libvirt does not reveal it. */
export function diffSecret(
  address: SecretAddress,
  want: SecretSpec | undefined,
  have: SecretState | undefined,
  observed: Observed,
): Change | undefined {
  if (want === undefined) return have === undefined ? undefined : removal(address, have);
  if (have?.ready === true) return undefined;
  const opens = [...observed.of(disks), ...observed.of(volumes)].some(
    ([, { uuid, disk }]) => uuid === want.owner && disk?.encryption !== undefined,
  );
  const lost = have === undefined && opens;
  const action: Action = {
    id: `${address}#put`,
    type: "secret.put",
    address,
    summary: "give libvirt the passphrase",
    args: { ...want, passphrase: { ...want.passphrase } },
    needs: [],
    makes: [secretExists(address)],
    locks: [lockOf(want)],
    effect: "none",
  };
  return {
    address,
    verb: have === undefined ? "create" : "update",
    cause: lost ? "drift" : "config",
    reason: lost
      ? "libvirt does not have it; libvirt keeps it in memory and loses it when it restarts"
      : have === undefined
        ? "does not exist yet"
        : "setting its value was interrupted",
    fields: [{ path: "passphrase", new: `from ${secretPlace(want.passphrase)}`, sensitive: true }],
    actions: [action],
    before: have === undefined ? null : { uuid: have.uuid, ready: have.ready },
    after: { uuid: want.uuid, ready: true },
  };
}

/** What is done to its disks is done under the same lock. */
function lockOf({ name, owner }: Pick<SecretState, "name" | "owner">): string {
  return `${volumeOfSecret(name) === undefined ? "instance" : "volume"}/${owner}`;
}

function removal(address: SecretAddress, have: SecretState): Change {
  const { name, uuid, owner, ready } = have;
  const volume = volumeOfSecret(name);
  const action: Action = {
    id: `${address}#remove`,
    type: "secret.remove",
    address,
    summary: "remove the passphrase from libvirt",
    args: { uuid, owner },
    // One of the two happens: the guest is removed, or it is switched off and redefined without the secret. A volume keeps its own as long
    // as it exists.
    needs: volume === undefined ? [gone, stopped, defined].map((fact) => fact(guests.at(name))) : [volumeGone(volume)],
    makes: [secretGone(address)],
    locks: [lockOf(have)],
    effect: "none",
  };
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: "no encrypted disk is configured",
    fields: [],
    actions: [action],
    before: { uuid, ready },
    after: null,
  };
}
