import { userError } from "../model/errors.ts";
import type { BackendName } from "../model/settings.ts";
import type { DiskBackend } from "./driver.ts";
import { flat } from "./flat.ts";
import { lvm } from "./lvm/lvm.ts";
import { ploop } from "./ploop.ts";
import { qcow2 } from "./qcow2/qcow2.ts";
import { rbd } from "./rbd/rbd.ts";

const backends: Readonly<Record<BackendName, DiskBackend>> = { flat, qcow2, lvm, rbd, ploop };

/** The backend of a name. Throws a UserError for one that this version does not have, as a label of a later one may name. */
export function backendOf(name: BackendName): DiskBackend {
  const backend = backends[name] as DiskBackend | undefined;
  if (backend !== undefined) return backend;
  throw userError(
    "backend-not-supported",
    `images_type ${name} is not supported by this version`,
    `Supported are ${Object.keys(backends).join(", ")}.`,
  );
}

/** Every backend there is, for looking at disks. */
export const allBackends: readonly DiskBackend[] = Object.values(backends);
